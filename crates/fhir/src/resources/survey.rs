//! `QuestionnaireResponse`.

use crate::{Attachment, Coding, DateTime, Decimal, Identifier, PartialDate, Quantity, Reference, Text};

resource! {
    /// The answers to a questionnaire.
    QuestionnaireResponse {
        identifier: Option<Identifier<'a>> = "identifier",
        based_on: Vec<Reference<'a>> = "basedOn",
        part_of: Vec<Reference<'a>> = "partOf",
        questionnaire: Option<Text<'a>> = "questionnaire",
        status: Option<Text<'a>> = "status",
        subject: Option<Reference<'a>> = "subject",
        encounter: Option<Reference<'a>> = "encounter",
        authored: Option<DateTime<'a>> = "authored",
        author: Option<Reference<'a>> = "author",
        source: Option<Reference<'a>> = "source",
        item: Vec<QuestionnaireItem<'a>> = "item",
    }
}

element! {
    /// A question, or a group of questions, with its answers.
    QuestionnaireItem {
        link_id: Option<Text<'a>> = "linkId",
        definition: Option<Text<'a>> = "definition",
        text: Option<Text<'a>> = "text",
        answer: Vec<QuestionnaireAnswer<'a>> = "answer",
        item: Vec<QuestionnaireItem<'a>> = "item",
    }
}

element! {
    /// An answer, with the questions that it leads to.
    QuestionnaireAnswer {
        value: Option<QuestionnaireValue<'a>> = "value",
        item: Vec<QuestionnaireItem<'a>> = "item",
    }
}

choice! {
    /// The value of an answer.
    QuestionnaireValue<'a> {
        Boolean(bool) = "valueBoolean",
        Decimal(Decimal<'a>) = "valueDecimal",
        Integer(i32) = "valueInteger",
        Date(PartialDate) = "valueDate",
        DateTime(DateTime<'a>) = "valueDateTime",
        Time(Text<'a>) = "valueTime",
        String(Text<'a>) = "valueString",
        Uri(Text<'a>) = "valueUri",
        Attachment(Box<Attachment<'a>>) = "valueAttachment",
        Coding(Coding<'a>) = "valueCoding",
        Quantity(Box<Quantity<'a>>) = "valueQuantity",
        Reference(Box<Reference<'a>>) = "valueReference",
    }
}
