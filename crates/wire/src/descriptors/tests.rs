use proptest::prelude::*;
use prost_reflect::prost_types::field_descriptor_proto::Label;
use prost_reflect::prost_types::uninterpreted_option::NamePart;
use prost_reflect::prost_types::{
    EnumValueDescriptorProto, FieldOptions, FileDescriptorSet, MethodDescriptorProto,
    OneofDescriptorProto, ServiceDescriptorProto, UninterpretedOption,
};

use super::*;
use crate::grpc::{Understood, understand};
use crate::message::{Layer, Message};
use crate::packed::Packing;
use crate::pieces::Piece;

const SERVICE: &str = "loja.v1.Loja";
const PATH: &str = "/loja.v1.Loja/Comprar";

fn field(number: i32, name: &str, kind: Type) -> FieldDescriptorProto {
    FieldDescriptorProto {
        name: Some(name.to_owned()),
        number: Some(number),
        label: Some(Label::Optional.into()),
        r#type: Some(kind.into()),
        ..FieldDescriptorProto::default()
    }
}

fn of_type(number: i32, name: &str, kind: Type, named: &str) -> FieldDescriptorProto {
    FieldDescriptorProto {
        type_name: Some(named.to_owned()),
        ..field(number, name, kind)
    }
}

fn message_of(name: &str, field: Vec<FieldDescriptorProto>) -> DescriptorProto {
    DescriptorProto {
        name: Some(name.to_owned()),
        field,
        ..DescriptorProto::default()
    }
}

/// A shop: a service, and what it sells in a file of its own.
fn files() -> Vec<FileDescriptorProto> {
    let mut prices = of_type(3, "precos", Type::Message, ".loja.v1.Pedido.Preco");
    prices.label = Some(Label::Repeated.into());
    let mut order = message_of(
        "Pedido",
        vec![
            field(1, "nome", Type::String),
            of_type(2, "tamanho", Type::Enum, ".loja.v1.Tamanho"),
            prices,
            of_type(4, "quando", Type::Message, ".google.protobuf.Timestamp"),
        ],
    );
    let mut price = message_of(
        "Preco",
        vec![
            field(1, "key", Type::String),
            field(2, "value", Type::Uint32),
        ],
    );
    price.options = Some(MessageOptions {
        map_entry: Some(true),
        ..MessageOptions::default()
    });
    order.nested_type.push(price);
    let size = |(number, name): (i32, &str)| EnumValueDescriptorProto {
        name: Some(name.to_owned()),
        number: Some(number),
        options: None,
    };
    let goods = FileDescriptorProto {
        name: Some("loja/pedido.proto".to_owned()),
        package: Some("loja.v1".to_owned()),
        dependency: vec!["google/protobuf/timestamp.proto".to_owned()],
        message_type: vec![order],
        enum_type: vec![EnumDescriptorProto {
            name: Some("Tamanho".to_owned()),
            value: [(0, "P"), (1, "G")].map(size).to_vec(),
            ..EnumDescriptorProto::default()
        }],
        syntax: Some("proto3".to_owned()),
        ..FileDescriptorProto::default()
    };
    let buy = MethodDescriptorProto {
        name: Some("Comprar".to_owned()),
        input_type: Some(".loja.v1.Pedido".to_owned()),
        output_type: Some(".loja.v1.Pedido".to_owned()),
        ..MethodDescriptorProto::default()
    };
    let shop = FileDescriptorProto {
        name: Some("loja/loja.proto".to_owned()),
        package: Some("loja.v1".to_owned()),
        dependency: vec!["loja/pedido.proto".to_owned()],
        service: vec![ServiceDescriptorProto {
            name: Some("Loja".to_owned()),
            method: vec![buy],
            options: None,
        }],
        syntax: Some("proto3".to_owned()),
        ..FileDescriptorProto::default()
    };
    vec![shop, goods]
}

fn encoded(files: &[FileDescriptorProto]) -> Vec<Vec<u8>> {
    files
        .iter()
        .map(FileDescriptorProto::encode_to_vec)
        .collect()
}

/// João orders one that is large, at a price of 7.
const ORDER: &[u8] = b"\x0a\x05Jo\xc3\xa3o\x10\x01\x1a\x06\x0a\x02G1\x10\x07\x22\x02\x08\x05";

fn piece(content: &[u8]) -> Piece {
    Piece {
        from: 9,
        to: 14 + content.len(),
        packing: Packing::Plain,
        content_at: Some(14),
        content: content.to_vec(),
    }
}

fn said(descriptors: &Descriptors, content: &[u8]) -> Option<String> {
    understand(vec![piece(content)], PATH, Side::Client, descriptors).text
}

fn learnt() -> Descriptors {
    let descriptors = Descriptors::default();
    descriptors.learn(SERVICE, &encoded(&files())).unwrap();
    descriptors
}

/// What a program has of its own: its files, and what they import.
fn given() -> Descriptors {
    let times = "google/protobuf/timestamp.proto";
    let times = DescriptorPool::global().get_file_by_name(times).unwrap();
    let mut file = files();
    file.push(times.file_descriptor_proto().clone());
    Descriptors::read(&FileDescriptorSet { file }.encode_to_vec())
}

#[test]
fn what_is_learnt_is_understood_by_every_clone() {
    let descriptors = Descriptors::default();
    let clone = descriptors.clone();
    let before = said(&clone, ORDER).unwrap();
    assert!(before.starts_with("0a054a6fc3a36f"), "{before}");
    descriptors.learn(SERVICE, &encoded(&files())).unwrap();
    let text = said(&clone, ORDER).unwrap();
    assert_eq!(
        text,
        r#"Pedido {nome:"João",tamanho:G,precos:[{key:"G1",value:7}],quando{seconds:5}}"#
    );
    // Another server may call something else so.
    assert_eq!(said(&descriptors.given(), ORDER), Some(before));
}

#[test]
fn what_is_given_is_known_of_every_server() {
    let text = said(&given(), ORDER).unwrap();
    assert!(text.starts_with("Pedido {nome:"), "{text}");
    assert_eq!(said(&given().given(), ORDER), Some(text));
    assert!(
        said(&Descriptors::read(b"\xff"), ORDER)
            .unwrap()
            .starts_with("0a")
    );
}

#[test]
fn a_call_is_told_where_its_service_was_not_given_and_can_be_read() {
    let call = |descriptors: &Descriptors, path, packing| {
        let piece = Piece {
            packing,
            ..piece(ORDER)
        };
        let understood = understand(vec![piece], path, Side::Client, descriptors);
        understood.call.map(|call| call.is_known)
    };
    for (descriptors, is_known) in [
        (Descriptors::default(), Some(false)),
        (learnt(), Some(true)),
        (given(), None),
    ] {
        assert_eq!(call(&descriptors, PATH, Packing::Plain), is_known);
        assert_eq!(call(&descriptors, PATH, Packing::Packed), None);
        assert_eq!(call(&descriptors, "/Comprar", Packing::Plain), None);
    }
}

#[test]
fn a_message_is_understood_once_its_service_is_learnt() {
    let descriptors = Descriptors::default();
    let Understood { layers, text, call } =
        understand(vec![piece(ORDER)], PATH, Side::Client, &descriptors);
    let frame = Layer {
        name: "HTTP/2 frame",
        section: "RFC 9113, 4.1",
        start: 0,
        end: 9,
        fields: Vec::new(),
    };
    let mut message = Message {
        side: Side::Client,
        protocol: "grpc",
        summary: "DATA: 0a05: 4a".to_owned(),
        bytes: Vec::new(),
        layers: [vec![frame], layers].concat(),
        text,
        trace: None,
        call,
    };
    let before = message.clone();
    assert_eq!(message.kept_for_later(), 64 + ORDER.len());
    assert!(!message.explain(&descriptors));
    assert_eq!(message, before);
    descriptors.learn(SERVICE, &encoded(&files())).unwrap();
    assert!(message.explain(&descriptors));
    assert_eq!(message.text, said(&descriptors, ORDER));
    assert!(message.summary.starts_with("DATA: Pedido {nome:"));
    let layers: Vec<_> = message.layers.iter().map(|layer| layer.name).collect();
    assert_eq!(layers, ["HTTP/2 frame", "gRPC message", "Protocol Buffers"]);
    assert_eq!(message.layers[2].fields[0].name, "field 1 nome, LEN");
    assert_eq!(message.kept_for_later(), 0);
    // Once is enough.
    let before = message.clone();
    assert!(!message.explain(&descriptors));
    assert_eq!(message, before);
}

#[test]
fn what_decoding_needs_is_kept_of_a_file_and_nothing_else() {
    let mut files = files();
    let order = &mut files[1].message_type[0];
    order.oneof_decl.push(OneofDescriptorProto {
        name: Some("pagamento".to_owned()),
        options: None,
    });
    let mut coin = of_type(5, "moeda", Type::Enum, ".loja.v1.Pedido.Moeda");
    coin.oneof_index = Some(0);
    order.field.push(coin);
    let value = |(number, name): (i32, &str)| EnumValueDescriptorProto {
        name: Some(name.to_owned()),
        number: Some(number),
        options: None,
    };
    order.enum_type.push(EnumDescriptorProto {
        name: Some("Moeda".to_owned()),
        value: [(0, "NENHUMA"), (1, "EURO"), (1, "EUR")]
            .map(value)
            .to_vec(),
        ..EnumDescriptorProto::default()
    });
    for field in &mut order.field {
        field.default_value = Some("nonsense".to_owned());
        field.json_name = Some("same".to_owned());
        let name_part = "nonsense".to_owned();
        field.options = Some(FieldOptions {
            packed: Some(true),
            uninterpreted_option: vec![UninterpretedOption {
                name: vec![NamePart {
                    name_part,
                    is_extension: false,
                }],
                ..UninterpretedOption::default()
            }],
            ..FieldOptions::default()
        });
    }
    // A text is of no named type.
    order.field[0].type_name = Some(".loja.v1.Pedido".to_owned());
    let descriptors = Descriptors::default();
    descriptors.learn(SERVICE, &encoded(&files)).unwrap();
    let text = said(&descriptors, &[ORDER, b"\x28\x01"].concat()).unwrap();
    assert!(text.contains(r#"nome:"João""#), "{text}");
    assert!(text.contains("moeda:EUR"), "{text}");
}

#[test]
fn an_entry_of_a_map_without_its_value_has_the_usual_one() {
    let text = said(&learnt(), b"\x1a\x04\x0a\x02G1").unwrap();
    assert_eq!(text, r#"Pedido {precos:[{key:"G1",value:0}]}"#);
}

#[test]
fn what_is_sent_at_its_zero_is_shown_where_its_file_tells_it_from_what_is_not_sent() {
    for (syntax, shown) in [
        ("proto3", "Pedido {}"),
        ("proto2", "Pedido {tamanho:P}"),
        ("editions", "Pedido {tamanho:P}"),
    ] {
        let mut files = files();
        for file in &mut files {
            file.syntax = Some(syntax.to_owned());
        }
        let descriptors = Descriptors::default();
        descriptors.learn(SERVICE, &encoded(&files)).unwrap();
        assert_eq!(said(&descriptors, b"\x10\x00").unwrap(), shown, "{syntax}");
    }
}

#[test]
fn files_say_what_they_need_beside_google_s_own() {
    let files = encoded(&files());
    assert_eq!(imports(&files[0]).unwrap(), ["loja/pedido.proto"]);
    assert_eq!(imports(&files[1]).unwrap(), Vec::<String>::new());
    assert_eq!(file_name(&files[1]).unwrap(), "loja/pedido.proto");
    assert!(imports(b"\xff").is_err());
}

/// Changes the files, which cannot be learnt then, for a reason.
fn refused(change: impl FnOnce(&mut Vec<FileDescriptorProto>)) -> String {
    let mut files = files();
    change(&mut files);
    let descriptors = Descriptors::default();
    let wrong = descriptors.learn(SERVICE, &encoded(&files)).unwrap_err();
    assert!(said(&descriptors, ORDER).unwrap().starts_with("0a"));
    wrong
}

#[test]
fn what_cannot_be_is_refused_with_a_reason() {
    let entry = |files: &mut Vec<FileDescriptorProto>| {
        files[1].message_type[0].nested_type[0].field.pop();
    };
    assert_eq!(refused(entry), "Preco is no entry of a map");
    let key = |files: &mut Vec<FileDescriptorProto>| {
        files[1].message_type[0].nested_type[0].field[0].r#type = Some(Type::Double.into());
    };
    assert_eq!(refused(key), "Preco is no entry of a map");
    let values = |files: &mut Vec<FileDescriptorProto>| files[1].enum_type[0].value.clear();
    assert_eq!(refused(values), "Tamanho has no values");
    let missing = |files: &mut Vec<FileDescriptorProto>| drop(files.pop());
    assert!(refused(missing).starts_with("its files do not fit together: "));
    let service = |files: &mut Vec<FileDescriptorProto>| files[0].service.clear();
    assert_eq!(refused(service), "no file of it defines loja.v1.Loja");
    let descriptors = Descriptors::default();
    let wrong = descriptors.learn(SERVICE, &[b"nonsense".to_vec()]);
    assert!(
        wrong
            .unwrap_err()
            .starts_with("a file of it is not a FileDescriptorProto")
    );
}

#[test]
fn files_that_import_each_other_or_themselves_do_no_harm() {
    let mut files = files();
    for file in &mut files {
        file.dependency = vec!["loja/loja.proto".into(), "loja/pedido.proto".into()];
        file.public_dependency = vec![0, 1, 7, -1];
        file.weak_dependency = vec![9];
    }
    files[1]
        .dependency
        .push("google/protobuf/timestamp.proto".into());
    let descriptors = Descriptors::default();
    descriptors.learn(SERVICE, &encoded(&files)).unwrap();
    assert!(said(&descriptors, ORDER).unwrap().starts_with("Pedido {"));
}

/// A file with some of its numbers and types changed, to what no compiler writes.
fn bent(file: &mut FileDescriptorProto, bends: &[(usize, i32)]) {
    fn fields(message: &mut DescriptorProto) -> Vec<&mut FieldDescriptorProto> {
        let nested = message.nested_type.iter_mut().flat_map(fields);
        message.field.iter_mut().chain(nested).collect()
    }
    for &(which, value) in bends {
        let mut fields: Vec<_> = file.message_type.iter_mut().flat_map(fields).collect();
        let count = fields.len();
        let Some(field) = fields.get_mut(which % count.max(1)) else {
            continue;
        };
        match which / count % 6 {
            0 => field.r#type = Some(value),
            1 => field.label = Some(value),
            2 => field.number = Some(value),
            3 => field.oneof_index = Some(value),
            4 => field.type_name = Some(".loja.v1.Pedido".to_owned()),
            _ => field.proto3_optional = Some(true),
        }
    }
}

proptest! {
    /// Whatever a server says of itself, and whatever is sent then: nothing panics.
    #[test]
    fn no_descriptor_and_no_message_panics(
        bends in prop::collection::vec((0_usize..60, -1_i32..20), 0..6),
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        content in prop::collection::vec(any::<u8>(), 0..60),
        cut in 0_usize..30,
    ) {
        let mut files = files();
        bent(&mut files[1], &bends);
        let mut files = encoded(&files);
        for (at, value) in flips {
            let file = &mut files[1];
            let at = at.index(file.len());
            file[at] = value;
        }
        let descriptors = Descriptors::default();
        let learnt = descriptors.learn(SERVICE, &files);
        let is_named = said(&descriptors, b"").unwrap().starts_with("Pedido");
        prop_assert_eq!(learnt.is_ok(), is_named);
        said(&descriptors, &content);
        said(&descriptors, &[&ORDER[..cut.min(ORDER.len())], &content].concat());
    }
}
