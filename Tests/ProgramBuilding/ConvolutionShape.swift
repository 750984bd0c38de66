public import ModelFormat
import Tensors

/// A random convolution of the given kind of grouping.
public struct ConvolutionShape {
  public enum Grouping: CaseIterable, Sendable { case one, depthwise, some, multiplier }

  public var input: [Int]
  public var weights: [Int]
  public var output: [Int]
  public var groups: Int
  public var strides, dilations: HeightWidth
  public var padding: Padding

  public init(_ grouping: Grouping, _ g: inout SeededGenerator) {
    groups = 1
    var (inputs, outputs) = (g.integer(1...37), g.integer(1...40))
    switch grouping {
    case .one: break
    case .depthwise:
      groups = g.integer(2...70)
      (inputs, outputs) = (groups, groups)
    case .some:
      groups = g.integer(2...4)
      (inputs, outputs) = (groups * g.integer(2...9), groups * g.integer(1...20))
    case .multiplier:
      groups = g.integer(2...6)
      (inputs, outputs) = (groups, groups * g.integer(2...3))
    }
    strides = HeightWidth(Int32(g.integer(1...3)), Int32(g.integer(1...3)))
    dilations = g.flag() ? HeightWidth(1, 1) : HeightWidth(Int32(g.integer(1...3)), Int32(g.integer(1...3)))
    let kernel = g.flag() ? (1, 1) : (g.integer(1...5), g.integer(1...5))
    padding =
      g.flag() ? .zero : Padding(top: Int32(g.integer(0...4)), left: Int32(g.integer(0...4)), bottom: Int32(g.integer(0...4)), right: Int32(g.integer(0...4)))
    let extent = (Int(dilations.height) * (kernel.0 - 1) + 1, Int(dilations.width) * (kernel.1 - 1) + 1)
    let size = (extent.0 + g.integer(0...8), extent.1 + g.integer(0...8))
    let batch = g.integer(1...2)
    input = [batch, size.0, size.1, inputs]
    weights = [outputs, kernel.0, kernel.1, inputs / groups]
    let room = (size.0 + Int(padding.top + padding.bottom) - extent.0, size.1 + Int(padding.left + padding.right) - extent.1)
    output = [batch, room.0 / Int(strides.height) + 1, room.1 / Int(strides.width) + 1, outputs]
  }
}
