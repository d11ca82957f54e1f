//! What gRPC messages are made of: descriptors that are given, and those that are learnt.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use prost_reflect::prost::Message as _;
use prost_reflect::prost_types::field_descriptor_proto::Type;
use prost_reflect::prost_types::{
    DescriptorProto, EnumDescriptorProto, EnumOptions, FieldDescriptorProto, FileDescriptorProto,
    MessageOptions,
};
use prost_reflect::{DescriptorPool, MessageDescriptor, ServiceDescriptor};

use crate::message::Side;

/// What gRPC messages are made of. Clones are the same: what one learns, all know.
#[derive(Clone, Debug, Default)]
pub struct Descriptors {
    given: DescriptorPool,
    /// Those of each service by itself: two servers may call different things by one name.
    learnt: Arc<RwLock<HashMap<String, DescriptorPool>>>,
}

/// A descriptor, and whether it was learnt.
pub(crate) struct Known {
    pub(crate) descriptor: MessageDescriptor,
    pub(crate) is_learnt: bool,
}

impl Descriptors {
    /// Those of a file descriptor set; none where it is not one.
    pub fn read(set: &[u8]) -> Self {
        Self {
            given: DescriptorPool::decode(set).unwrap_or_default(),
            learnt: Arc::default(),
        }
    }

    /// What was given, without what was learnt: for another server.
    #[must_use]
    pub fn given(&self) -> Self {
        Self {
            given: self.given.clone(),
            learnt: Arc::default(),
        }
    }

    /// Learns a service from its file and all that it imports, each as its server gave it. What
    /// is there of Google's own types needs not be among them. Says what is wrong with them.
    pub fn learn(&self, service: &str, files: &[Vec<u8>]) -> Result<(), String> {
        let mut read = BTreeMap::new();
        for file in files {
            let file = FileDescriptorProto::decode(&**file)
                .map_err(|error| format!("a file of it is not a FileDescriptorProto: {error}"))?;
            read.entry(file.name().to_owned()).or_insert(file);
        }
        let closures: Vec<_> = read.keys().map(|name| imported(name, &read)).collect();
        let plain: Result<Vec<_>, _> = read.into_values().map(plain).collect();
        let files = plain?.into_iter().zip(closures);
        let files = files.map(|(file, dependency)| FileDescriptorProto { dependency, ..file });
        let mut pool = DescriptorPool::global();
        pool.add_file_descriptor_protos(files)
            .map_err(|error| format!("its files do not fit together: {error}"))?;
        if pool.get_service_by_name(service).is_none() {
            return Err(format!("no file of it defines {service}"));
        }
        let mut learnt = self.learnt.write().unwrap_or_else(PoisonError::into_inner);
        learnt.insert(service.to_owned(), pool);
        Ok(())
    }

    /// What a side of a call sends.
    pub(crate) fn of(&self, service: &str, method: &str, side: Side) -> Option<Known> {
        let find = |service: &ServiceDescriptor| {
            let method = service.methods().find(|known| known.name() == method)?;
            Some(match side {
                Side::Client => method.input(),
                Side::Server => method.output(),
            })
        };
        let given = self.given.get_service_by_name(service);
        if let Some(descriptor) = given.as_ref().and_then(find) {
            let is_learnt = false;
            return Some(Known {
                descriptor,
                is_learnt,
            });
        }
        let learnt = self.learnt.read().unwrap_or_else(PoisonError::into_inner);
        let service = learnt.get(service)?.get_service_by_name(service)?;
        let descriptor = find(&service)?;
        Some(Known {
            descriptor,
            is_learnt: true,
        })
    }
}

/// What a file imports, and whether it has to be asked for: Google's own types are there.
pub fn imports(file: &[u8]) -> Result<Vec<String>, String> {
    let file = FileDescriptorProto::decode(file)
        .map_err(|error| format!("a file of it is not a FileDescriptorProto: {error}"))?;
    let known = DescriptorPool::global();
    let is_missing = |name: &String| known.get_file_by_name(name).is_none();
    Ok(file.dependency.into_iter().filter(is_missing).collect())
}

/// The name of a file.
pub fn file_name(file: &[u8]) -> Option<String> {
    let file = FileDescriptorProto::decode(file).ok()?;
    Some(file.name().to_owned())
}

/// Every file that is reached from this one, itself aside.
fn imported(name: &str, files: &BTreeMap<String, FileDescriptorProto>) -> Vec<String> {
    let (mut seen, mut left) = (BTreeSet::from([name]), vec![name]);
    while let Some(name) = left.pop() {
        let imports = files.get(name).map_or(&[][..], |file| &file.dependency);
        left.extend(
            imports
                .iter()
                .map(String::as_str)
                .filter(|name| seen.insert(name)),
        );
    }
    seen.remove(name);
    seen.into_iter().map(str::to_owned).collect()
}

/// A file with what decoding needs, and nothing else: options of others, defaults and comments may
/// say anything, and are not looked at.
fn plain(file: FileDescriptorProto) -> Result<FileDescriptorProto, String> {
    // An edition is read as proto2, which packs and takes packed fields alike.
    let syntax = file.syntax.filter(|syntax| syntax == "proto3");
    Ok(FileDescriptorProto {
        name: file.name,
        package: file.package,
        message_type: all(file.message_type, message)?,
        enum_type: all(file.enum_type, enumeration)?,
        service: file
            .service
            .into_iter()
            .map(|mut service| {
                service.options = None;
                for method in &mut service.method {
                    method.options = None;
                }
                service
            })
            .collect(),
        syntax,
        ..FileDescriptorProto::default()
    })
}

fn all<T>(items: Vec<T>, plain: fn(T) -> Result<T, String>) -> Result<Vec<T>, String> {
    items.into_iter().map(plain).collect()
}

fn message(of: DescriptorProto) -> Result<DescriptorProto, String> {
    let is_map_entry = of.options.as_ref().is_some_and(MessageOptions::map_entry);
    if is_map_entry && !is_entry(&of.field) {
        return Err(format!("{} is no entry of a map", of.name()));
    }
    let options = is_map_entry.then(|| MessageOptions {
        map_entry: Some(true),
        ..MessageOptions::default()
    });
    let oneof = |mut oneof: prost_reflect::prost_types::OneofDescriptorProto| {
        oneof.options = None;
        oneof
    };
    Ok(DescriptorProto {
        name: of.name,
        field: all(of.field, field)?,
        nested_type: all(of.nested_type, message)?,
        enum_type: all(of.enum_type, enumeration)?,
        oneof_decl: of.oneof_decl.into_iter().map(oneof).collect(),
        options,
        ..DescriptorProto::default()
    })
}

fn field(of: FieldDescriptorProto) -> Result<FieldDescriptorProto, String> {
    let is_named = match kind(&of) {
        None => return Err(format!("the field {} is of no known type", of.name())),
        Some(kind) => matches!(kind, Type::Enum | Type::Group | Type::Message),
    };
    Ok(FieldDescriptorProto {
        options: None,
        default_value: None,
        json_name: None,
        type_name: of.type_name.filter(|_| is_named),
        ..of
    })
}

fn kind(field: &FieldDescriptorProto) -> Option<Type> {
    field.r#type.and_then(|kind| Type::try_from(kind).ok())
}

/// Whether these are a key and a value.
fn is_entry(fields: &[FieldDescriptorProto]) -> bool {
    let of = |number| fields.iter().find(|field| field.number() == number);
    let is_key = |field: &FieldDescriptorProto| {
        use Type::{Bytes, Double, Enum, Float, Group, Message};
        kind(field)
            .is_some_and(|kind| !matches!(kind, Bytes | Double | Enum | Float | Group | Message))
    };
    of(1).is_some_and(is_key) && of(2).is_some()
}

fn enumeration(of: EnumDescriptorProto) -> Result<EnumDescriptorProto, String> {
    if of.value.is_empty() {
        return Err(format!("{} has no values", of.name()));
    }
    let value = of.value.into_iter().map(|mut value| {
        value.options = None;
        value
    });
    Ok(EnumDescriptorProto {
        name: of.name,
        value: value.collect(),
        // Harmless where no number stands twice.
        options: Some(EnumOptions {
            allow_alias: Some(true),
            ..EnumOptions::default()
        }),
        ..EnumDescriptorProto::default()
    })
}

#[cfg(test)]
mod tests;
