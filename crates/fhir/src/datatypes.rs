//! The data types that resources are made of.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::{DateTime, Decimal, PartialDate, Raw, Text};

element! {
    /// What a server knows of a resource: version, profiles, tags.
    Meta {
        version_id: Option<Text<'a>> = "versionId",
        last_updated: Option<DateTime<'a>> = "lastUpdated",
        source: Option<Text<'a>> = "source",
        profile: Vec<Text<'a>> = "profile",
        security: Vec<Coding<'a>> = "security",
        tag: Vec<Coding<'a>> = "tag",
    }
}

element! {
    /// A code of a code system.
    Coding {
        system: Option<Text<'a>> = "system",
        version: Option<Text<'a>> = "version",
        code: Option<Text<'a>> = "code",
        display: Option<Text<'a>> = "display",
        user_selected: Option<bool> = "userSelected",
    }
}

element! {
    /// One meaning, said in one or more codes or in words.
    CodeableConcept {
        coding: Vec<Coding<'a>> = "coding",
        text: Option<Text<'a>> = "text",
    }
}

element! {
    /// An amount; Age, Duration and `SimpleQuantity` have the same shape.
    Quantity {
        value: Option<Decimal<'a>> = "value",
        comparator: Option<Text<'a>> = "comparator",
        unit: Option<Text<'a>> = "unit",
        system: Option<Text<'a>> = "system",
        code: Option<Text<'a>> = "code",
    }
}

element! {
    /// A pair of limits, both included.
    Range {
        low: Option<Quantity<'a>> = "low",
        high: Option<Quantity<'a>> = "high",
    }
}

element! {
    /// A span of time; without an end it goes on.
    Period {
        start: Option<DateTime<'a>> = "start",
        end: Option<DateTime<'a>> = "end",
    }
}

element! {
    /// A pointer to another resource.
    Reference {
        reference: Option<Text<'a>> = "reference",
        type_: Option<Text<'a>> = "type",
        identifier: Option<Box<Identifier<'a>>> = "identifier",
        display: Option<Text<'a>> = "display",
    }
}

element! {
    /// A business identifier, e.g. a record number.
    Identifier {
        use_: Option<Text<'a>> = "use",
        type_: Option<CodeableConcept<'a>> = "type",
        system: Option<Text<'a>> = "system",
        value: Option<Text<'a>> = "value",
        period: Option<Period<'a>> = "period",
        assigner: Option<Box<Reference<'a>>> = "assigner",
    }
}

element! {
    /// A name of a person.
    HumanName {
        use_: Option<Text<'a>> = "use",
        text: Option<Text<'a>> = "text",
        family: Option<Text<'a>> = "family",
        given: Vec<Text<'a>> = "given",
        prefix: Vec<Text<'a>> = "prefix",
        suffix: Vec<Text<'a>> = "suffix",
        period: Option<Period<'a>> = "period",
    }
}

element! {
    /// A telephone number, e-mail address and the like.
    ContactPoint {
        system: Option<Text<'a>> = "system",
        value: Option<Text<'a>> = "value",
        use_: Option<Text<'a>> = "use",
        rank: Option<u32> = "rank",
        period: Option<Period<'a>> = "period",
    }
}

element! {
    /// A postal address.
    Address {
        extension: Vec<Extension<'a>> = "extension",
        use_: Option<Text<'a>> = "use",
        type_: Option<Text<'a>> = "type",
        text: Option<Text<'a>> = "text",
        line: Vec<Text<'a>> = "line",
        city: Option<Text<'a>> = "city",
        district: Option<Text<'a>> = "district",
        state: Option<Text<'a>> = "state",
        postal_code: Option<Text<'a>> = "postalCode",
        country: Option<Text<'a>> = "country",
        period: Option<Period<'a>> = "period",
    }
}

element! {
    /// A resource in words for people; `div` is XHTML.
    Narrative {
        status: Option<Text<'a>> = "status",
        div: Option<Text<'a>> = "div",
    }
}

element! {
    /// A remark, with its author and time.
    Annotation {
        author: Option<AnnotationAuthor<'a>> = "author",
        time: Option<DateTime<'a>> = "time",
        text: Option<Text<'a>> = "text",
    }
}

choice! {
    /// Who made a remark.
    AnnotationAuthor<'a> {
        Reference(Reference<'a>) = "authorReference",
        String(Text<'a>) = "authorString",
    }
}

element! {
    /// A document within a resource or beside it; `data` is base64.
    Attachment {
        content_type: Option<Text<'a>> = "contentType",
        language: Option<Text<'a>> = "language",
        data: Option<Text<'a>> = "data",
        url: Option<Text<'a>> = "url",
        size: Option<u32> = "size",
        hash: Option<Text<'a>> = "hash",
        title: Option<Text<'a>> = "title",
        creation: Option<DateTime<'a>> = "creation",
    }
}

element! {
    /// An element that FHIR itself does not have; what it means stands at its url.
    Extension {
        url: Option<Text<'a>> = "url",
        value: Option<ExtensionValue<'a>> = "value",
        extension: Vec<Extension<'a>> = "extension",
    }
}

choice! {
    /// The value of an extension. Types that are not listed stay in `extra`.
    ExtensionValue<'a> {
        Boolean(bool) = "valueBoolean",
        Integer(i32) = "valueInteger",
        Decimal(Decimal<'a>) = "valueDecimal",
        String(Text<'a>) = "valueString",
        Code(Text<'a>) = "valueCode",
        Uri(Text<'a>) = "valueUri",
        Url(Text<'a>) = "valueUrl",
        Canonical(Text<'a>) = "valueCanonical",
        Id(Text<'a>) = "valueId",
        Date(PartialDate) = "valueDate",
        DateTime(DateTime<'a>) = "valueDateTime",
        Instant(DateTime<'a>) = "valueInstant",
        Coding(Coding<'a>) = "valueCoding",
        CodeableConcept(CodeableConcept<'a>) = "valueCodeableConcept",
        Quantity(Box<Quantity<'a>>) = "valueQuantity",
        Period(Box<Period<'a>>) = "valuePeriod",
        Range(Box<Range<'a>>) = "valueRange",
        Reference(Box<Reference<'a>>) = "valueReference",
        Identifier(Box<Identifier<'a>>) = "valueIdentifier",
        Address(Box<Address<'a>>) = "valueAddress",
        Ratio(Raw<'a>) = "valueRatio",
    }
}

impl<'a> Coding<'a> {
    /// A code of a system, without a display.
    pub fn new(system: impl Into<Text<'a>>, code: impl Into<Text<'a>>) -> Self {
        Coding { system: Some(system.into()), code: Some(code.into()), ..Coding::default() }
    }

    /// A code of a system, with its display.
    pub fn displayed(system: impl Into<Text<'a>>, code: impl Into<Text<'a>>, display: impl Into<Text<'a>>) -> Self {
        Coding { display: Some(display.into()), ..Coding::new(system, code) }
    }
}

impl<'a> From<Coding<'a>> for CodeableConcept<'a> {
    fn from(coding: Coding<'a>) -> Self {
        CodeableConcept { coding: vec![coding], ..CodeableConcept::default() }
    }
}

impl CodeableConcept<'_> {
    /// The code of the first coding of a system.
    pub fn code_of(&self, system: &str) -> Option<&str> {
        let coding = self.coding.iter().find(|coding| coding.system.as_deref() == Some(system))?;
        coding.code.as_deref()
    }

    /// Whether one of the codings has this code, whatever its system.
    pub fn has_code(&self, code: &str) -> bool {
        self.coding.iter().any(|coding| coding.code.as_deref() == Some(code))
    }
}

impl<'a> Reference<'a> {
    /// A reference by text, e.g. `Patient/p1`.
    pub fn to(reference: impl Into<Text<'a>>) -> Self {
        Reference { reference: Some(reference.into()), ..Reference::default() }
    }

    /// Type and id of a literal reference: `Patient/p1`, with or without a server in front and a version behind.
    /// None for `#contained`, `urn:uuid:`, conditional, logical and display-only references.
    pub fn target(&self) -> Option<(&str, &str)> {
        crate::reference::type_and_id(self.reference.as_deref()?)
    }

    /// The id, when the reference is a literal one to a resource of this type.
    pub fn id_of(&self, resource_type: &str) -> Option<&str> {
        crate::reference::id_of(self.reference.as_deref()?, resource_type)
    }
}

impl Attachment<'_> {
    /// A text as an attachment of this content type, e.g. `text/plain`, with its size in bytes.
    pub fn of_text(content_type: &'static str, text: &str) -> Self {
        Attachment {
            content_type: Some(content_type.into()),
            data: Some(STANDARD.encode(text).into()),
            size: u32::try_from(text.len()).ok(),
            ..Attachment::default()
        }
    }

    /// The text, when the content type is one of text, and the data are there and are UTF-8. Line breaks within the
    /// base64 are passed over.
    pub fn text(&self) -> Option<String> {
        let is_text = self.content_type.as_deref().is_some_and(|kind| kind.starts_with("text/"));
        let data = self.data.as_deref().filter(|_| is_text)?;
        let bytes = if data.contains(char::is_whitespace) {
            STANDARD.decode(data.split_ascii_whitespace().collect::<String>())
        } else {
            STANDARD.decode(data)
        };
        String::from_utf8(bytes.ok()?).ok()
    }
}

impl<'a> Extension<'a> {
    /// An extension with a value.
    pub fn new(url: impl Into<Text<'a>>, value: ExtensionValue<'a>) -> Self {
        Extension { url: Some(url.into()), value: Some(value), ..Extension::default() }
    }

    /// The first of `extensions` with this url.
    pub fn find<'e>(extensions: &'e [Extension<'a>], url: &str) -> Option<&'e Extension<'a>> {
        extensions.iter().find(|extension| extension.url.as_deref() == Some(url))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_comes_back_from_its_attachment() {
        let text = "Seen for a cough; 37.9 °C.\nRest, and drink.";
        let attachment = Attachment::of_text("text/plain", text);
        assert_eq!(attachment.text().as_deref(), Some(text));
        assert_eq!(attachment.size, Some(44));
        let broken = Attachment { data: Some("QQ==\n".into()), ..attachment.clone() };
        assert_eq!(broken.text().as_deref(), Some("A"));
        for (content_type, data) in [("application/pdf", "QQ=="), ("text/plain", "Q"), ("text/plain", "/w==")] {
            let other = Attachment {
                content_type: Some(content_type.into()),
                data: Some(data.into()),
                ..Attachment::default()
            };
            assert_eq!(other.text(), None, "{content_type} {data}");
        }
    }
}
