//! What is in which file of the interfaces, by its full name.

use std::collections::{BTreeMap, HashMap, HashSet};

use prost::{DecodeError, Message};
use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto,
    FileDescriptorSet,
};

/// The files, and what they define.
#[derive(Debug, Default)]
pub(super) struct Index {
    files: HashMap<String, File>,
    /// The file of each symbol.
    symbols: HashMap<String, String>,
    /// The extensions of each message, and the file of each.
    extensions: HashMap<String, BTreeMap<i32, String>>,
    services: Vec<String>,
}

#[derive(Debug)]
struct File {
    encoded: Vec<u8>,
    imports: Vec<String>,
}

impl Index {
    /// Of these files. Of two of one name the first counts.
    pub(super) fn new(own: FileDescriptorSet, encoded: &[&[u8]]) -> Result<Self, DecodeError> {
        let mut index = Self::default();
        own.file.into_iter().for_each(|file| index.add(file));
        for set in encoded {
            let set = FileDescriptorSet::decode(*set)?;
            set.file.into_iter().for_each(|file| index.add(file));
        }
        index.services.sort();
        Ok(index)
    }

    /// A file, and after it all that it imports.
    pub(super) fn file(&self, name: &str) -> Option<Vec<Vec<u8>>> {
        self.files.get(name)?;
        let (mut names, mut seen) = (vec![name], HashSet::from([name]));
        let mut files = Vec::new();
        while let Some(name) = names.pop() {
            // One that is not here its own interface does not need.
            let Some(file) = self.files.get(name) else {
                continue;
            };
            files.push(file.encoded.clone());
            let new = file.imports.iter().filter(|import| seen.insert(import));
            names.extend(new.map(String::as_str));
        }
        Some(files)
    }

    /// The file that defines this name.
    pub(super) fn symbol(&self, name: &str) -> Option<Vec<Vec<u8>>> {
        self.file(self.symbols.get(name)?)
    }

    /// The file that defines this extension of a message.
    pub(super) fn extension(&self, of: &str, number: i32) -> Option<Vec<Vec<u8>>> {
        self.file(self.extensions.get(of)?.get(&number)?)
    }

    /// The numbers of the extensions of a message.
    pub(super) fn extensions(&self, of: &str) -> Option<Vec<i32>> {
        match self.extensions.get(of) {
            Some(extensions) => Some(extensions.keys().copied().collect()),
            None => self.symbols.contains_key(of).then(Vec::new),
        }
    }

    pub(super) fn services(&self) -> &[String] {
        &self.services
    }

    fn add(&mut self, file: FileDescriptorProto) {
        let name = file.name().to_owned();
        if self.files.contains_key(&name) {
            return;
        }
        let mut definitions = Definitions {
            index: self,
            file: &name,
        };
        definitions.of_file(&file);
        let file = File {
            encoded: file.encode_to_vec(),
            imports: file.dependency,
        };
        self.files.insert(name, file);
    }
}

/// Takes down what a file defines.
struct Definitions<'a> {
    index: &'a mut Index,
    file: &'a str,
}

impl Definitions<'_> {
    fn of_file(&mut self, file: &FileDescriptorProto) {
        let package = file.package();
        for message in &file.message_type {
            self.message(package, message);
        }
        for each in &file.enum_type {
            self.enumeration(package, each);
        }
        for extension in &file.extension {
            self.extension(package, extension);
        }
        for service in &file.service {
            let name = self.symbol(package, service.name());
            for method in &service.method {
                self.symbol(&name, method.name());
            }
            self.index.services.push(name);
        }
    }

    fn message(&mut self, scope: &str, message: &DescriptorProto) {
        let name = self.symbol(scope, message.name());
        for nested in &message.nested_type {
            self.message(&name, nested);
        }
        for each in &message.enum_type {
            self.enumeration(&name, each);
        }
        for extension in &message.extension {
            self.extension(&name, extension);
        }
        for field in &message.field {
            self.symbol(&name, field.name());
        }
        for oneof in &message.oneof_decl {
            self.symbol(&name, oneof.name());
        }
    }

    /// The values stand beside their enum, not in it (`descriptor.proto`, `EnumValueDescriptorProto`).
    fn enumeration(&mut self, scope: &str, each: &EnumDescriptorProto) {
        self.symbol(scope, each.name());
        for value in &each.value {
            self.symbol(scope, value.name());
        }
    }

    fn extension(&mut self, scope: &str, extension: &FieldDescriptorProto) {
        self.symbol(scope, extension.name());
        let of = extension.extendee().trim_start_matches('.').to_owned();
        let extensions = self.index.extensions.entry(of).or_default();
        extensions.insert(extension.number(), self.file.to_owned());
    }

    fn symbol(&mut self, scope: &str, name: &str) -> String {
        let name = match scope {
            "" => name.to_owned(),
            scope => format!("{scope}.{name}"),
        };
        let symbols = &mut self.index.symbols;
        symbols.insert(name.clone(), self.file.to_owned());
        name
    }
}

#[cfg(test)]
mod tests {
    use prost_types::EnumValueDescriptorProto;

    use super::*;

    /// A file that imports another, which imports it back by way of a third that is not here.
    fn index() -> Index {
        let value = EnumValueDescriptorProto {
            name: Some("COLOUR_RED".to_owned()),
            ..Default::default()
        };
        let colour = EnumDescriptorProto {
            name: Some("Colour".to_owned()),
            value: vec![value],
            ..Default::default()
        };
        let thing = DescriptorProto {
            name: Some("Thing".to_owned()),
            enum_type: vec![colour.clone()],
            ..Default::default()
        };
        let extension = |number| FieldDescriptorProto {
            name: Some(format!("more_{number}")),
            extendee: Some(".a.Thing".to_owned()),
            number: Some(number),
            ..Default::default()
        };
        let first = FileDescriptorProto {
            name: Some("a.proto".to_owned()),
            package: Some("a".to_owned()),
            dependency: vec!["b.proto".to_owned()],
            message_type: vec![thing],
            enum_type: vec![colour],
            ..Default::default()
        };
        let second = FileDescriptorProto {
            name: Some("b.proto".to_owned()),
            dependency: vec!["missing.proto".to_owned(), "a.proto".to_owned()],
            extension: vec![extension(200), extension(100)],
            ..Default::default()
        };
        let own = FileDescriptorSet { file: vec![first] };
        let other = FileDescriptorSet { file: vec![second] };
        Index::new(own, &[&other.encode_to_vec()]).unwrap()
    }

    fn names(files: Option<Vec<Vec<u8>>>) -> Option<Vec<String>> {
        let name = |file: Vec<u8>| {
            let file = FileDescriptorProto::decode(&*file).unwrap();
            file.name().to_owned()
        };
        files.map(|files| files.into_iter().map(name).collect())
    }

    #[test]
    fn a_file_comes_with_all_that_it_imports_once() {
        let index = index();
        let both = |first: &str, second: &str| Some(vec![first.to_owned(), second.to_owned()]);
        assert_eq!(names(index.file("a.proto")), both("a.proto", "b.proto"));
        assert_eq!(names(index.symbol("more_100")), both("b.proto", "a.proto"));
        assert_eq!(names(index.file("missing.proto")), None);
    }

    #[test]
    fn values_of_an_enum_have_the_names_that_the_language_gives_them() {
        let index = index();
        for name in ["a.Colour", "a.COLOUR_RED", "a.Thing.COLOUR_RED"] {
            assert!(index.symbol(name).is_some(), "{name}");
        }
        assert!(index.symbol("a.Colour.COLOUR_RED").is_none());
    }

    #[test]
    fn extensions_are_found_by_their_message_and_number() {
        let index = index();
        assert_eq!(index.extensions("a.Thing"), Some(vec![100, 200]));
        assert_eq!(index.extensions("a.Colour"), Some(vec![]));
        assert_eq!(index.extensions("a.Nothing"), None);
        assert!(index.extension("a.Thing", 200).is_some());
        assert!(index.extension("a.Thing", 300).is_none());
    }
}
