@testable import ONNX
import Tensors

/// The layers that a random model is made of.
extension RandomModel {
  /// Multiplications of one layer: the plain evaluation is simple, not fast.
  private static let mostProducts = 200_000

  private enum Layer: CaseIterable {
    case convolution, convolutionAgain, matrix, unary, binary, binaryWithConstant, pooling, globalPooling, reduction, concatenation, slice
    case transposition, padding, reshaping, resizing, softmax, normalisation, gated, matrixOfTwo
  }

  mutating func addLayer() throws {
    let count = known.count
    // Not every layer fits every value: one of the draws does.
    while known.count == count {
      switch random.choice(Layer.allCases) {
      case .convolution, .convolutionAgain: try addConvolution()
      case .matrix: try addMatrix()
      case .unary: try addUnary()
      case .binary: try addBinary()
      case .binaryWithConstant: try addBinaryWithConstant()
      case .pooling: try addPooling()
      case .globalPooling: try addGlobalPooling()
      case .reduction: try addReduction()
      case .concatenation: try addConcatenation()
      case .slice: try addSlice()
      case .transposition: try addTransposition()
      case .padding: try addPadding()
      case .reshaping: try addReshaping()
      case .resizing: try addResizing()
      case .softmax: try addSoftmax()
      case .normalisation: try addNormalisation()
      case .gated: try addGated()
      case .matrixOfTwo: try addMatrixOfTwo()
      }
    }
  }

  private mutating func operand() -> Known { random.oneIn(4) ? random.choice(known) : known[known.count - 1] }

  /// What a quantised model does behind a layer: mostly rounds; movement mostly in the form that came in.
  private mutating func roundMaybe(movedFrom source: Known? = nil) throws {
    guard isQuantised, !random.oneIn(8) else { return }
    if let source, source.quantum > 0, let form = lastForm, form.quantisation.scale == source.quantum, !random.oneIn(3) { return try round(as: form) }
    try round()
  }

  // MARK: Linear

  /// Weights, and the largest sum of their magnitudes for one output: what an error of the input grows by.
  private mutating func weights(_ dimensions: [Int], outputAxis: Int) throws -> (name: String, gain: Float) {
    let count = dimensions.elementCount
    let channels = dimensions[outputAxis]
    let inner = dimensions[(outputAxis + 1)...].elementCount
    func gain(_ tensor: HostTensor) -> Float {
      var sums = [Float](repeating: 0, count: channels)
      for (index, weight) in tensor.floats().enumerated() { sums[index / inner % channels] += weight.magnitude }
      return sums.max() ?? 0
    }
    guard isQuantised, !random.oneIn(10) else {
      let name = constant(random.floats(count), dimensions)
      return (name, gain(constants[name]!))
    }
    let ends: [Int8] = random.oneIn(2) ? [127, -127] : [127, -128]
    let isExtreme = random.oneIn(4)
    let integers = (0..<count).map { _ in
      isExtreme || random.oneIn(8) ? random.choice(ends) : Int8(truncatingIfNeeded: random.next())
    }
    let names: [String]
    var attributes: [String: ONNXAttribute] = [:]
    if random.oneIn(2) {
      names = [
        constant((0..<channels).map { _ in random.float(0.001...0.02) }, [channels]),
        constant(HostTensor([Int8](repeating: 0, count: channels), dimensions: [channels])),
      ]
      attributes["axis"] = .integer(Int64(outputAxis))
    } else {
      names = [constant([random.float(0.001...0.02)], []), constant(HostTensor([Int8(0)], dimensions: []))]
    }
    let result = try apply("DequantizeLinear", [constant(HostTensor(integers, dimensions: dimensions))] + names, [], attributes)
    // Others find the tensor by its name, as they find constants.
    folded[result.name] = result.tensor
    return (result.name, gain(result.tensor))
  }

  private mutating func addConvolution() throws {
    let x = operand()
    let rank = x.dimensions.count
    guard rank == 3 || rank == 4 else { return }
    let channels = x.dimensions[1]
    let divisors = (1...channels).filter { channels % $0 == 0 }
    let groups = random.oneIn(3) ? channels : random.oneIn(3) ? random.choice(divisors) : 1
    let outputs = groups * (groups > 1 ? random.integer(1...(groups == channels ? 2 : 3)) : random.size(upTo: 33))
    let spatial = Array(x.dimensions[2...])
    let dilations = spatial.map { _ in random.oneIn(4) ? random.integer(2...3) : 1 }
    let kernel = spatial.map { _ in random.choice([1, 1, 2, 3, 3, 5]) }
    let strides = spatial.map { _ in random.oneIn(3) ? random.integer(2...3) : 1 }
    let before = spatial.map { _ in random.integer(0...2) }
    let after = spatial.map { _ in random.integer(0...2) }
    for axis in spatial.indices where dilations[axis] * (kernel[axis] - 1) + 1 > spatial[axis] + before[axis] + after[axis] { return }
    let positions = zip(spatial, strides).reduce(x.dimensions[0]) { $0 * ($1.0 / $1.1 + 1) }
    guard positions * outputs * (channels / groups) * kernel[...].elementCount <= Self.mostProducts else { return }
    let w = try weights([outputs, channels / groups] + kernel, outputAxis: 0)
    var names = [x.name, w.name]
    if random.oneIn(2) { names.append(constant(random.floats(outputs), [outputs])) }
    let result = try apply(
      "Conv", names, [x],
      [
        "kernel_shape": .integers(kernel.map(Int64.init)), "group": .integer(Int64(groups)), "strides": .integers(strides.map(Int64.init)),
        "dilations": .integers(dilations.map(Int64.init)), "pads": .integers((before + after).map(Int64.init)),
      ])
    keep(result, error: w.gain * x.error, terms: w.gain * x.magnitude)
    try followLinear()
  }

  /// What networks have behind a product: a rounding or none, an activation or none, a residual at times.
  private mutating func followLinear() throws {
    if random.oneIn(2) { try roundMaybe() }
    if random.oneIn(2) {
      try addUnary(of: known[known.count - 1])
    } else if isQuantised, known[known.count - 1].quantum == 0 {
      try roundMaybe()
    }
  }

  private mutating func addMatrix() throws {
    let x = operand()
    guard x.dimensions.count >= 2, x.dimensions.count <= 3 else { return }
    let k = x.dimensions[x.dimensions.count - 1]
    let n = random.size(upTo: 40)
    if x.dimensions.count == 2, random.oneIn(2) {
      let isTransposed = random.oneIn(2)
      let w = try weights(isTransposed ? [n, k] : [k, n], outputAxis: isTransposed ? 0 : 1)
      var names = [x.name, w.name]
      if random.oneIn(2) { names.append(constant(random.floats(n), [n])) }
      let result = try apply("Gemm", names, [x], ["transB": .integer(isTransposed ? 1 : 0)])
      keep(result, error: w.gain * x.error, terms: w.gain * x.magnitude)
    } else {
      let w = try weights([k, n], outputAxis: 1)
      let result = try apply("MatMul", [x.name, w.name], [x])
      keep(result, error: w.gain * x.error, terms: w.gain * x.magnitude)
      if random.oneIn(2) {
        let product = known[known.count - 1]
        let sum = try apply("Add", [product.name, constant(random.floats(n), [n])], [product])
        keep(sum, error: product.error)
      }
    }
    try followLinear()
  }

  private mutating func addMatrixOfTwo() throws {
    let x = operand()
    let rank = x.dimensions.count
    guard rank >= 2 else { return }
    var order = Array(0..<rank)
    order.swapAt(rank - 1, rank - 2)
    let turned = try apply("Transpose", [x.name], [x], ["perm": .integers(order.map(Int64.init))])
    let right = Known(name: turned.name, tensor: turned.tensor, error: x.error)
    let k = Float(x.dimensions[rank - 1])
    guard x.tensor.elementCount * x.dimensions[rank - 2] <= Self.mostProducts else { return forgetNode() }
    let result = try apply("MatMul", [x.name, right.name], [x, right])
    keep(result, error: k * (2 * x.magnitude * x.error + x.error * x.error), terms: k * x.magnitude * x.magnitude)
    try roundMaybe()
  }

  private mutating func addNormalisation() throws {
    let x = operand()
    guard x.dimensions.count >= 3 else { return }
    let channels = x.dimensions[1]
    let scale = random.floats(channels, 0.5...2)
    let variance = random.floats(channels, 0.5...2)
    let names = [
      x.name, constant(scale, [channels]), constant(random.floats(channels), [channels]), constant(random.floats(channels), [channels]),
      constant(variance, [channels]),
    ]
    let result = try apply("BatchNormalization", names, [x])
    keep(result, error: 3 * x.error)
    try roundMaybe()
  }

  // MARK: Elements

  private mutating func addUnary(of given: Known? = nil) throws {
    let x = given ?? operand()
    let slope = random.float(0.01...0.5)
    let functions: [(String, Float, [String: ONNXAttribute])] = [
      ("Relu", 1, [:]), ("Relu", 1, [:]), ("Sigmoid", 0.25, [:]), ("Tanh", 1, [:]), ("HardSwish", 1.5, [:]), ("HardSigmoid", 0.2, [:]),
      ("LeakyRelu", 1, ["alpha": .float(slope)]), ("Elu", 1, ["alpha": .float(slope)]), ("Softplus", 1, [:]), ("Neg", 1, [:]), ("Abs", 1, [:]),
      ("Erf", 1.13, [:]), ("Clip", 1, [:]), ("Clip", 1, [:]),
    ]
    let (type, lipschitz, attributes) = random.choice(functions)
    var names = [x.name]
    if type == "Clip" {
      let lower = random.choice([0, -1, -0.37]) as Float
      names += [constant([lower], []), constant([lower + random.choice([6, 1, 0.83])], [])]
    }
    let result = try apply(type, names, [x], attributes)
    keep(result, error: lipschitz * x.error)
    try roundMaybe()
  }

  private mutating func addBinary() throws {
    let x = operand()
    let partners = known.filter { $0.dimensions == x.dimensions }
    let y = random.choice(partners)
    let type = random.choice(["Add", "Add", "Add", "Sub", "Mul", "Min", "Max"])
    let result = try apply(type, random.oneIn(2) ? [x.name, y.name] : [y.name, x.name], [x, y])
    let error: Float =
      switch type {
      case "Mul": x.magnitude * y.error + y.magnitude * x.error + x.error * y.error
      case "Min", "Max": max(x.error, y.error)
      default: x.error + y.error
      }
    keep(result, error: error, terms: x.magnitude + y.magnitude)
    try roundMaybe()
    if random.oneIn(2) { try addUnary(of: known[known.count - 1]) }
  }

  private mutating func addBinaryWithConstant() throws {
    let x = operand()
    // A scalar, the last axis alone, a channel, or the whole shape.
    let rank = x.dimensions.count
    let shapes: [[Int]] = [
      [], [x.dimensions[rank - 1]], x.dimensions, rank >= 3 ? [x.dimensions[1]] + [Int](repeating: 1, count: rank - 2) : [1],
    ]
    let shape = random.choice(shapes)
    let type = random.choice(["Add", "Sub", "Mul", "Div"])
    let values = random.floats(shape.elementCount, 0.5...1.5)
    let c = constant(values, shape)
    let result = try apply(type, [x.name, c], [x])
    keep(result, error: type == "Mul" ? 1.5 * x.error : type == "Div" ? 2 * x.error : x.error, terms: x.magnitude + 1.5)
    try roundMaybe()
  }

  /// `x × sigmoid(x)`, which is one function to the compiler.
  private mutating func addGated() throws {
    let x = operand()
    let gate = try apply("Sigmoid", [x.name], [x])
    let g = Known(name: gate.name, tensor: gate.tensor, error: x.error / 4)
    let result = try apply("Mul", [x.name, g.name], [x, g])
    keep(result, error: 1.2 * x.error, terms: x.magnitude)
    try roundMaybe()
  }

  private mutating func addSoftmax() throws {
    let x = operand()
    let result = try apply("Softmax", [x.name], [x], ["axis": .integer(Int64(random.integer(-1...x.dimensions.count - 1)))])
    keep(result, error: 2 * x.error, terms: 1 + x.magnitude)
    try roundMaybe()
  }

  // MARK: Windows and reductions

  private mutating func addPooling() throws {
    let x = operand()
    guard x.dimensions.count >= 3 else { return }
    let spatial = Array(x.dimensions[2...])
    let kernel = spatial.map { random.integer(1...min(4, $0)) }
    let strides = spatial.map { _ in random.integer(1...3) }
    // A window wholly inside the padding has nothing to take a maximum of; ONNX forbids it.
    let before = kernel.map { random.integer(0...($0 - 1) / 2) }
    let after = kernel.map { random.integer(0...($0 - 1) / 2) }
    var attributes: [String: ONNXAttribute] = [
      "kernel_shape": .integers(kernel.map(Int64.init)), "strides": .integers(strides.map(Int64.init)), "pads": .integers((before + after).map(Int64.init)),
      "ceil_mode": .integer(random.oneIn(3) ? 1 : 0),
    ]
    let isMaximum = random.oneIn(2)
    if !isMaximum { attributes["count_include_pad"] = .integer(random.oneIn(2) ? 1 : 0) }
    let result = try apply(isMaximum ? "MaxPool" : "AveragePool", [x.name], [x], attributes)
    guard result.tensor.floats().allSatisfy(\.isFinite) else { return forgetNode() }
    keep(result, error: x.error)
    try roundMaybe(movedFrom: isMaximum ? x : nil)
  }

  private mutating func addGlobalPooling() throws {
    let x = operand()
    guard x.dimensions.count >= 3 else { return }
    let result = try apply(random.choice(["GlobalAveragePool", "GlobalMaxPool"]), [x.name], [x])
    keep(result, error: x.error)
    try roundMaybe()
  }

  private mutating func addReduction() throws {
    let x = operand()
    let axes = x.dimensions.indices.filter { _ in random.oneIn(2) }
    guard !axes.isEmpty else { return }
    let type = random.choice(["ReduceMean", "ReduceMean", "ReduceMax", "ReduceMin"])
    let result = try apply(
      type, [x.name], [x], ["axes": .integers(axes.map(Int64.init)), "keepdims": .integer(axes.count == x.dimensions.count || random.oneIn(2) ? 1 : 0)])
    keep(result, error: x.error)
    try roundMaybe()
  }

  // MARK: Movement

  private mutating func addConcatenation() throws {
    let x = operand()
    let axis = random.integer(0...x.dimensions.count - 1)
    let partners = known.filter { other in
      other.dimensions.count == x.dimensions.count && other.dimensions.indices.allSatisfy { $0 == axis || other.dimensions[$0] == x.dimensions[$0] }
    }
    let parts = [x] + (0..<random.integer(1...2)).map { _ in random.choice(partners) }
    guard parts.reduce(0, { $0 + $1.tensor.elementCount }) < 40_000 else { return }
    let result = try apply("Concat", parts.map(\.name), parts, ["axis": .integer(Int64(axis))])
    keep(result, error: parts.map(\.error).max()!)
    try roundMaybe(movedFrom: x)
  }

  private mutating func addSlice() throws {
    let x = operand()
    let axis = random.integer(0...x.dimensions.count - 1)
    let size = x.dimensions[axis]
    guard size > 1 else { return }
    let start = random.integer(0...size - 1)
    let end = random.integer(start + 1...size)
    let isBackward = random.oneIn(4)
    let bounds = isBackward ? [end - 1, start - 1 - size] : [start, end]
    let list = { (value: Int) in HostTensor([Int64(value)], dimensions: [1]) }
    let names = [
      x.name, constant(list(bounds[0])), constant(list(start == 0 && isBackward ? Int(Int32.min) : bounds[1])), constant(list(axis)),
      constant(list((isBackward ? -1 : 1) * random.integer(1...2))),
    ]
    let result = try apply("Slice", names, [x])
    keep(result, error: x.error)
    try roundMaybe(movedFrom: x)
  }

  private mutating func addTransposition() throws {
    let x = operand()
    let order = Array(0..<x.dimensions.count).shuffled(using: &random)
    let result = try apply("Transpose", [x.name], [x], ["perm": .integers(order.map(Int64.init))])
    keep(result, error: x.error)
    try roundMaybe(movedFrom: x)
  }

  private mutating func addPadding() throws {
    let x = operand()
    guard x.tensor.elementCount < 4000 else { return }
    let amounts = (0..<2 * x.dimensions.count).map { _ in Int64(random.oneIn(3) ? random.integer(1...2) : 0) }
    let mode = random.choice(["constant", "constant", "edge"])
    var names = [x.name, constant(HostTensor(amounts, dimensions: [amounts.count]))]
    if mode == "constant", random.oneIn(2) { names.append(constant([random.float()], [])) }
    let result = try apply("Pad", names, [x], ["mode": .string(mode)])
    keep(result, error: x.error)
    try roundMaybe(movedFrom: x)
  }

  private mutating func addReshaping() throws {
    let x = operand()
    if random.oneIn(2) {
      let result = try apply("Flatten", [x.name], [x], ["axis": .integer(Int64(random.integer(0...x.dimensions.count)))])
      keep(result, error: x.error)
    } else {
      guard x.dimensions.count == 4 else { return }
      let (n, c, h, w) = (x.dimensions[0], x.dimensions[1], x.dimensions[2], x.dimensions[3])
      let shape = random.choice([[n, c, h * w], [n * c, h, w], [n, h, w, c], [n * c * h, w], [n, c * h, w, 1]])
      let result = try apply("Reshape", [x.name, constant(HostTensor(shape.map(Int64.init), dimensions: [shape.count]))], [x])
      keep(result, error: x.error)
    }
    try roundMaybe(movedFrom: x)
  }

  private mutating func addResizing() throws {
    let x = operand()
    guard x.dimensions.count == 4, x.tensor.elementCount < 4000 else { return }
    let scales = constant([1, 1, random.choice([2, 1, 3]), random.choice([2, 1, 3])], [4])
    let isLinear = random.oneIn(2)
    let attributes: [String: ONNXAttribute] = [
      "mode": .string(isLinear ? "linear" : "nearest"),
      "coordinate_transformation_mode": .string(random.choice(["asymmetric", "half_pixel", "align_corners"])), "nearest_mode": .string("floor"),
    ]
    let result = try apply("Resize", [x.name, "", scales], [x], attributes)
    keep(result, error: x.error, terms: x.magnitude)
    try roundMaybe(movedFrom: x)
  }
}

extension ArraySlice where Element == Int {
  fileprivate var elementCount: Int { reduce(1, *) }
}
