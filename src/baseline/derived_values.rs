//! Values of derived dimensions: computed from those of the dimension that they are derived from, when a question is asked.

use super::dimension_value::sort_values;
use super::{Baseline, DimensionValue};
use crate::model::{Dimension, Text};

impl Baseline {
    /// Adds the values of a derived dimension. `derive` returns the value that belongs to one of its
    /// [origin](Dimension::origin), if there is one. Values of a principal that have the same derived value become one: its
    /// first sighting is the earliest of theirs, its last one the latest, and its count their sum.
    ///
    /// A dimension that is learnt is left as it is. The result answers questions; saving it omits derived values.
    pub fn derive_values(&mut self, dimension: Dimension, mut derive: impl FnMut(&str) -> Option<Text>) {
        let Some(origin) = dimension.origin() else { return };
        self.values.retain(|value| value.dimension != dimension);
        let of_origin = self.values.iter().filter(|value| value.dimension == origin);
        let derived: Vec<DimensionValue> = of_origin
            .filter_map(|known| {
                let value = derive(&known.value)?;
                Some(DimensionValue { dimension, value, ..known.clone() })
            })
            .collect();
        self.values.extend(derived);
        sort_values(&mut self.values);
    }
}
