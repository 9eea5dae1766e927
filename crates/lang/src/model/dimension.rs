//! By what indicators are divided.

/// A dimension of an indicator.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Dimension {
    Place,
    Unit,
    Kind,
    Month,
    /// The records above: the parent, its parent and so on.
    Parent,
    /// A field with a few values; keys are written `field=value`.
    Field,
    /// No document names it: by how much a place's figure on today's map differs from the one as it was,
    /// after places were moved or merged.
    Moved,
    /// No document names it: places, units, kinds and fields within the record above that keeps its parts apart.
    Apart,
}

impl Dimension {
    /// All of them.
    pub const ALL: [Dimension; 8] = [
        Dimension::Place,
        Dimension::Unit,
        Dimension::Kind,
        Dimension::Month,
        Dimension::Parent,
        Dimension::Field,
        Dimension::Moved,
        Dimension::Apart,
    ];

    /// Its name for machines.
    pub fn word(self) -> &'static str {
        match self {
            Dimension::Place => "place",
            Dimension::Unit => "unit",
            Dimension::Kind => "kind",
            Dimension::Month => "month",
            Dimension::Parent => "parent",
            Dimension::Field => "field",
            Dimension::Moved => "moved",
            Dimension::Apart => "apart",
        }
    }
}
