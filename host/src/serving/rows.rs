/// Cells of rows, all of one length, one row after the other.
#[derive(Debug, Clone)]
pub(super) struct Rows<T> {
    width: usize,
    count: usize,
    cells: Vec<T>,
}

impl<T> Rows<T> {
    /// None yet, with room for so many.
    pub(super) fn with_capacity(width: usize, count: usize) -> Self {
        Self {
            width,
            count: 0,
            cells: Vec::with_capacity(width.saturating_mul(count)),
        }
    }

    /// Another row; what fails leaves the rows as they are.
    pub(super) fn push<E>(&mut self, cells: impl Iterator<Item = Result<T, E>>) -> Result<(), E> {
        let start = self.cells.len();
        for cell in cells.take(self.width) {
            match cell {
                Ok(cell) => self.cells.push(cell),
                Err(error) => {
                    self.cells.truncate(start);
                    return Err(error);
                }
            }
        }
        assert_eq!(self.cells.len(), start + self.width, "cells of a row");
        self.count += 1;
        Ok(())
    }

    /// How many rows there are.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// A cell; none if there is no such row or column.
    pub(super) fn get(&self, row: usize, column: usize) -> Option<&T> {
        let is_there = row < self.count && column < self.width;
        is_there.then(|| &self.cells[row * self.width + column])
    }

    /// A column from the first row to the last.
    pub(super) fn column(&self, column: usize) -> impl Iterator<Item = &T> {
        (0..self.count).filter_map(move |row| self.get(row, column))
    }
}

impl<T: Clone> Rows<T> {
    /// Rows that are alike.
    pub(super) fn all(cell: T, width: usize, count: usize) -> Self {
        Self {
            width,
            count,
            cells: vec![cell; width.saturating_mul(count)],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_cells() {
        let mut rows = Rows::with_capacity(2, 1);
        for row in [[1, 2], [3, 4]] {
            rows.push(row.into_iter().map(Ok::<_, ()>)).expect("cells");
        }
        assert_eq!(rows.push([Ok(5), Err("no cell")].into_iter()), Err("no cell"));
        assert_eq!(rows.count(), 2);
        assert_eq!(rows.column(1).collect::<Vec<_>>(), [&2, &4]);
        assert_eq!((rows.get(1, 0), rows.get(1, 2), rows.get(2, 0)), (Some(&3), None, None));
        // Rows without cells are rows.
        let empty = Rows::all(0, 0, 3);
        assert_eq!((empty.count(), empty.get(0, 0)), (3, None));
    }
}
