public import ModelGraph
public import Tensors

/// Adds columns of blocks back into an image: `[N,C·block,L]` → `[N,C,image…]`, each of the L sliding positions adding its block of elements.
public struct Col2Im: Operator {
  public static let names = ["Col2Im"]

  private let window: SpatialWindow

  public init(_ description: OperatorDescription) throws(OperatorError) {
    window = try SpatialWindow(description)
  }

  private func resolved(_ inputs: [OperatorInput?]) throws(OperatorError) -> (channels: Int, image: SpatialWindow.Resolved) {
    let x = try inputs.required(0, "input").type.dimensions
    guard let image = try inputs.integers(1, "image_shape"), let block = try inputs.integers(2, "block_shape") else {
      throw OperatorError(.invalid, "inputs 'image_shape' and 'block_shape' are missing")
    }
    let spatial = try window.resolved(kernel: block, input: try checked(image))
    guard x.count == 3, let size = block.checkedElementCount, size > 0, x[1] % size == 0, try checked(spatial.output).elementCount == x[2] else {
      throw OperatorError(.invalid, "input \(x) doesn't hold the blocks \(block) of an image of \(image), which are \(spatial.output)")
    }
    return (x[1] / size, spatial)
  }

  public func outputTypes(for inputs: [OperatorInput?]) throws(OperatorError) -> [TensorType] {
    let (channels, image) = try resolved(inputs)
    let x = try inputs.required(0, "input").type
    return [TensorType(x.elementType, try checked([x.dimensions[0], channels] + image.axes.map(\.input)))]
  }

  public func evaluate(_ inputs: [HostTensor?]) throws(OperatorError) -> [HostTensor] {
    let (channels, image) = try resolved(inputs.asInputs)
    let type = try outputTypes(for: inputs.asInputs)[0]
    let x = try inputs.required(0, "input")
    let source = x.doubles()
    let (positions, size) = (x.dimensions[2], image.axes.reduce(1) { $0 * $1.kernel })
    let plane = image.axes.reduce(1) { $0 * $1.input }
    var result = [Double](repeating: 0, count: type.elementCount)
    var position = 0
    forEachIndex(image.output) { index in
      let taps = image.taps(at: index)
      for channel in 0..<x.dimensions[0] * channels {
        for tap in taps { result[channel * plane + tap.input] += source[(channel * size + tap.kernel) * positions + position] }
      }
      position += 1
    }
    return [HostTensor(doubles: result, as: x.elementType, dimensions: type.dimensions)]
  }

  public func lower(_ node: Node, into lowering: inout Lowering) throws(OperatorError) {
    throw OperatorError(.unsupported, "adds overlapping blocks, which has no instruction")
  }
}
