//! Who may do and read what, read from the documents by the simulator itself.

use gongzhi_base::{RecordId, Value};
use gongzhi_kernel::{Acted, Actor, Post};
use gongzhi_lang::model::{Mechanism, Who};
use gongzhi_service::Service;

use super::model::{Known, Model};

/// Who really gives a command.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum By {
    Public,
    /// With the receipt code of this record.
    Holder(RecordId),
    /// A person of the staff, by the register's code.
    Person(String),
    System,
}

impl By {
    /// Whether the log says so.
    pub fn is(&self, acted: &Acted) -> bool {
        match (self, acted) {
            (By::Public, Acted::Public) | (By::Holder(_), Acted::Holder) | (By::System, Acted::System) => {
                true
            }
            (By::Person(person), Acted::Person { code, .. }) => person == code,
            _ => false,
        }
    }

    /// The actor that a server makes of it when it comes in.
    pub fn actor(&self, service: &Service) -> Actor {
        match self {
            By::Public => Actor::Public,
            By::Holder(record) => Actor::Holder(*record),
            By::Person(person) => service.actor_of(person),
            By::System => Actor::System,
        }
    }
}

impl Model {
    /// Whether one of `who` allows it on a record; `place` is the record's, or where one is opened.
    pub fn allows(&self, who: &[Who], by: &By, id: RecordId, known: Option<&Known>, place: &str) -> bool {
        who.iter().any(|who| match (who, by) {
            (Who::Anyone, By::Public | By::Holder(_) | By::Person(_)) => true,
            (Who::Holder, By::Holder(own)) => *own == id && known.is_some(),
            (Who::System, By::System) => true,
            (Who::Role(role), By::Person(person)) => {
                self.posts_of(person).any(|post| post.role == *role && self.covers(&post.place, place))
            }
            (Who::RoleOf { role, field }, By::Person(person)) => {
                let units =
                    known.and_then(|known| known.fields.get(field)).map(Value::items).unwrap_or_default();
                let in_one = |post: &Post| {
                    post.unit
                        .as_deref()
                        .is_some_and(|unit| units.iter().any(|value| value.text() == Some(unit)))
                };
                self.posts_of(person).any(|post| post.role == *role && in_one(post))
            }
            _ => false,
        })
    }

    /// Whether somebody may read a record: its holder; of the staff those whom the document names as
    /// readers, who act in it once it is opened, or for whom it may wait.
    pub fn may_read(&self, by: &By, id: RecordId, known: &Known) -> bool {
        let Some(law) = self.law(known) else { return false };
        match by {
            By::System => true,
            By::Public => false,
            By::Holder(own) => *own == id,
            By::Person(_) => {
                let staff = |who: &[Who]| {
                    let posts: Vec<Who> = who
                        .iter()
                        .filter(|who| matches!(who, Who::Role(_) | Who::RoleOf { .. }))
                        .cloned()
                        .collect();
                    self.allows(&posts, by, id, Some(known), &known.place)
                };
                staff(&law.readers)
                    || law.steps.iter().any(|step| !step.from.is_empty() && staff(&step.by))
                    || law.states.iter().any(|state| staff(&state.waits))
            }
        }
    }

    /// Whether somebody may look at a personal field.
    pub fn may_look(&self, law: &Mechanism, field: &str, by: &By, known: &Known) -> bool {
        let personal = law.field(field).and_then(|field| field.personal.as_ref());
        personal.is_some_and(|personal| {
            self.allows(&personal.audience, by, RecordId([0; 16]), Some(known), &known.place)
        })
    }

    /// The inboxes in which a record lies, as role and place or unit.
    pub fn inboxes(&self, known: &Known) -> Vec<(String, String)> {
        let mut found = Vec::new();
        let state = self.law(known).and_then(|law| law.state(&known.state));
        for who in state.map(|state| state.waits.as_slice()).unwrap_or_default() {
            match who {
                Who::Role(role) => {
                    let levels = self.laws.library.roles.get(role).map(|role| role.at.as_slice());
                    let levels = levels.unwrap_or_default();
                    let above =
                        self.above(&known.place).into_iter().filter(|(level, _)| levels.contains(level));
                    found.extend(above.map(|(_, code)| (role.clone(), code.to_owned())));
                }
                Who::RoleOf { role, field } => {
                    let units = known.fields.get(field).map(Value::items).unwrap_or_default();
                    found.extend(
                        units.iter().filter_map(Value::text).map(|unit| (role.clone(), unit.to_owned())),
                    );
                }
                Who::Anyone | Who::Holder | Who::System => {}
            }
        }
        found.sort();
        found.dedup();
        found
    }

    /// Whether a record waits for somebody.
    pub fn waits_for(&self, person: &str, known: &Known) -> bool {
        let inboxes = self.inboxes(known);
        self.posts_of(person).any(|post| {
            inboxes.iter().any(|(role, at)| {
                *role == post.role && (*at == post.place || post.unit.as_deref() == Some(at.as_str()))
            })
        })
    }
}
