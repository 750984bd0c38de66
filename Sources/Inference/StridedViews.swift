import Tensors

/// Several strided views of one extent, with neighbouring axes merged where every view allows it.
public struct StridedViews {
  /// Outermost first, at least one axis; an extent of 0 means that there is nothing to do.
  public private(set) var extents: [Int] = []
  /// For each view, elements to step along each axis.
  public private(set) var strides: [[Int]]

  public init(extents: [Int], strides: [[Int]]) {
    self.strides = strides.map { _ in [] }
    for axis in extents.indices where extents[axis] != 1 {
      let steps = strides.map { $0[axis] }
      if let last = self.extents.indices.last, zip(self.strides, steps).allSatisfy({ $0[last] == $1 * extents[axis] }) {
        self.extents[last] *= extents[axis]
        for view in steps.indices { self.strides[view][last] = steps[view] }
      } else {
        self.extents.append(extents[axis])
        for view in steps.indices { self.strides[view].append(steps[view]) }
      }
    }
    if self.extents.isEmpty {
      self.extents = [1]
      for view in self.strides.indices { self.strides[view] = [1] }
    }
  }
}

extension Array where Element == Int {
  /// Strides that read a tensor of these dimensions as one of others by NumPy's rules: 0 along an axis that repeats.
  public func broadcastStrides(to dimensions: [Int]) -> [Int] {
    let own = rowMajorStrides
    let missing = dimensions.count - count
    return dimensions.indices.map { axis in
      axis < missing || self[axis - missing] == 1 ? 0 : own[axis - missing]
    }
  }
}

/// The C structures' fixed arrays.
public typealias EightStrides = (Int64, Int64, Int64, Int64, Int64, Int64, Int64, Int64)

/// - Precondition: at most eight values; the rest are 0.
public func eight(_ values: [Int]) -> EightStrides {
  precondition(values.count <= 8)
  func value(_ index: Int) -> Int64 { index < values.count ? Int64(values[index]) : 0 }
  return (value(0), value(1), value(2), value(3), value(4), value(5), value(6), value(7))
}
