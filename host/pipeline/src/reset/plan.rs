//! What a reset will do, to be shown before it is done.

/// Where the partitions go on afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Target {
    /// Where they are; where nothing was committed, by the input's start policy.
    #[default]
    Kept,
    Earliest,
    Latest,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResetPlan {
    pub group: String,
    pub partitions: Vec<PartitionPlan>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionPlan {
    pub partition: i32,
    /// Those that have a changelog.
    pub stores: Vec<StorePlan>,
    /// In their order.
    pub inputs: Vec<InputPlan>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StorePlan {
    pub name: String,
    /// To be deleted.
    pub keys: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputPlan {
    pub topic: String,
    /// Committed now.
    pub from: Option<i64>,
    pub to: i64,
}

impl ResetPlan {
    pub fn keys(&self) -> u64 {
        self.partitions.iter().flat_map(|it| &it.stores).map(|store| store.keys).sum()
    }
}
