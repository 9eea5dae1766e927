//! Who acts: residents without account, holders of a receipt code, people in posts, the product.

use gongzhi_base::RecordId;
use gongzhi_base::canon::{Canon, Out, array, expect_array};
use minicbor::Decoder;
use minicbor::decode::Error;

/// A post: a role over a place, perhaps in a unit.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Post {
    pub role: String,
    pub unit: Option<String>,
    pub place: String,
}

impl Post {
    /// The keys of its inboxes: of its role in its unit and over its place.
    pub fn inboxes(&self) -> impl Iterator<Item = String> {
        self.unit.iter().chain([&self.place]).map(|at| crate::project::todo_key(&self.role, at))
    }
}

/// Whoever gives a command, with all posts held now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Actor {
    /// Anybody, without an account.
    Public,
    /// Has the receipt code of this record.
    Holder(RecordId),
    /// A person of the staff, by the register's code.
    Person { code: String, posts: Vec<Post> },
    /// Timers and automatic steps.
    System,
}

impl Actor {
    /// The posts held; none for those who hold none.
    pub fn posts(&self) -> &[Post] {
        match self {
            Actor::Person { posts, .. } => posts,
            _ => &[],
        }
    }

    /// Units in which the actor holds any post.
    pub fn units(&self) -> impl Iterator<Item = &str> {
        self.posts().iter().filter_map(|post| post.unit.as_deref())
    }
}

/// Who acted, as the ledger keeps it: the person and the post that gave the right.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Acted {
    Public,
    Holder,
    System,
    Person { code: String, post: Option<Post> },
}

impl Canon for Post {
    fn put(&self, out: &mut Out<'_>) {
        array(out, 3);
        self.role.put(out);
        self.unit.put(out);
        self.place.put(out);
    }
    fn take(input: &mut Decoder<'_>) -> Result<Self, Error> {
        expect_array(input, 3)?;
        Ok(Post { role: Canon::take(input)?, unit: Canon::take(input)?, place: Canon::take(input)? })
    }
}

impl Canon for Acted {
    fn put(&self, out: &mut Out<'_>) {
        match self {
            Acted::Public => 0u8.put(out),
            Acted::Holder => 1u8.put(out),
            Acted::System => 2u8.put(out),
            Acted::Person { code, post } => {
                array(out, 2);
                code.put(out);
                post.put(out);
            }
        }
    }
    fn take(input: &mut Decoder<'_>) -> Result<Self, Error> {
        if input.datatype()? == minicbor::data::Type::Array {
            expect_array(input, 2)?;
            return Ok(Acted::Person { code: Canon::take(input)?, post: Canon::take(input)? });
        }
        match input.u8()? {
            0 => Ok(Acted::Public),
            1 => Ok(Acted::Holder),
            2 => Ok(Acted::System),
            _ => Err(Error::message("no actor")),
        }
    }
}
