import Tensors

/// The order in which a tensor's logical axes lie in memory: physical axis `i` is logical axis `order[i]`.
///
/// The graph keeps its source's axes throughout; lowering decides for each value how it lies. Transposes, and reshapes whose
/// axes stay together, then cost nothing, and images lie channels-last from camera to head.
public struct Layout: Equatable, Hashable, Sendable {
  public let order: [Int]

  /// - Precondition: `order` is a permutation of `0..<order.count`.
  public init(_ order: [Int]) {
    precondition(order.sorted() == Array(0..<order.count))
    self.order = order
  }

  /// Logical and physical axes agree.
  public static func identity(rank: Int) -> Layout { Layout(Array(0..<rank)) }

  /// Logical axis 1 lies last: NCHW values as NHWC.
  public static func channelsLast(rank: Int) -> Layout {
    rank < 3 ? identity(rank: rank) : Layout([0] + Array(2..<rank) + [1])
  }

  public var rank: Int { order.count }

  public func physical(_ logical: [Int]) -> [Int] { order.map { logical[$0] } }

  /// Where logical axis `axis` lies.
  public func position(of axis: Int) -> Int { order.firstIndex(of: axis)! }

  /// Elements to step for one step along each logical axis of a dense tensor of these logical dimensions.
  public func strides(of logical: [Int]) -> [Int] {
    let physicalStrides = physical(logical).rowMajorStrides
    return (0..<rank).map { physicalStrides[position(of: $0)] }
  }

  /// Whether both place the elements of a tensor of these logical dimensions at the same addresses: axes of one element
  /// don't matter.
  public func coincides(with other: Layout, for logical: [Int]) -> Bool {
    order.filter { logical[$0] != 1 } == other.order.filter { logical[$0] != 1 }
  }
}
