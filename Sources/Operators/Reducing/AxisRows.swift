import Tensors

/// A dense tensor seen as rows along one axis: row `r` has its elements at `starts[r] + i × stride`, in the order of a
/// tensor without that axis.
struct AxisRows {
  let starts: [Int]
  let stride: Int
  let length: Int

  init(_ dimensions: [Int], axis: Int) {
    let strides = dimensions.rowMajorStrides
    let others = dimensions.indices.filter { $0 != axis }
    starts = offsets(others.map { dimensions[$0] }, strides: others.map { strides[$0] })
    stride = strides[axis]
    length = dimensions[axis]
  }
}
