//! The IAM inventory, beside what the logs show.

use super::Baseline;
use crate::model::{Inventory, is_unique_id};

impl Baseline {
    /// Adds an IAM inventory, with the owners of unique ids, which resolve principals in records.
    pub fn add_inventory(&mut self, inventory: Inventory) {
        for (identity, _) in inventory.identities() {
            if let Some(id) = identity.unique_id.as_deref().filter(|id| is_unique_id(id)) {
                self.identity_links.add(&identity.account, id, &identity.arn);
            }
        }
        self.inventory.merge(inventory);
    }
}
