public import ModelFormat
public import Tensors

/// Assembles small programs with their weights.
public struct ProgramBuilder {
  public init() {}

  public private(set) var tensors: [TensorDescription] = []
  public private(set) var weights: [UInt8] = []
  private var inputs: [Port] = []
  private var outputs: [Port] = []
  private var instructions: [Instruction] = []
  private var arenaByteCount = 0

  public mutating func activation(_ dimensions: [Int], _ type: ElementType = .float32, _ quantisation: Quantisation? = nil) -> TensorIndex {
    let offset = arenaByteCount
    tensors.append(
      TensorDescription(name: "t\(tensors.count)", elementType: type, dimensions: dimensions, quantisation: quantisation, storage: .arena(offset: offset)))
    arenaByteCount += (dimensions.elementCount * type.byteCount + 63) / 64 * 64
    return TensorIndex(tensors.count - 1)
  }

  public mutating func input(_ dimensions: [Int], _ type: ElementType = .float32, _ quantisation: Quantisation? = nil) -> TensorIndex {
    let index = activation(dimensions, type, quantisation)
    inputs.append(port(index))
    return index
  }

  public mutating func output(_ dimensions: [Int], _ type: ElementType = .float32, _ quantisation: Quantisation? = nil) -> TensorIndex {
    let index = activation(dimensions, type, quantisation)
    outputs.append(port(index))
    return index
  }

  public mutating func constant<Scalar: TensorScalar>(_ values: [Scalar], _ dimensions: [Int]? = nil, _ quantisation: Quantisation? = nil) -> TensorIndex {
    let tensor = HostTensor(values, dimensions: dimensions ?? [values.count])
    tensors.append(
      TensorDescription(
        name: "t\(tensors.count)", elementType: tensor.elementType, dimensions: tensor.dimensions, quantisation: quantisation,
        storage: .weights(offset: weights.count)))
    weights += tensor.bytes
    weights += [UInt8](repeating: 0, count: (64 - weights.count % 64) % 64)
    return TensorIndex(tensors.count - 1)
  }

  public mutating func append(_ instruction: Instruction) { instructions.append(instruction) }

  private func port(_ index: TensorIndex) -> Port {
    let tensor = tensors[Int(index)]
    return Port(
      name: tensor.name, tensor: index, declaredType: tensor.elementType, declaredDimensions: tensor.dimensions, permutation: Array(tensor.dimensions.indices))
  }

  public var program: Program {
    Program(tensors: tensors, inputs: inputs, outputs: outputs, instructions: instructions, arenaByteCount: arenaByteCount)
  }
}

/// SplitMix64 (Steele, Lea, Flood 2014): the same numbers from the same seed everywhere.
public struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64
  public init(seed: UInt64) { state = seed }

  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  public mutating func integer(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }
  public mutating func flag() -> Bool { next() & 1 == 0 }
  public mutating func float(_ range: ClosedRange<Float> = -1...1) -> Float { Float.random(in: range, using: &self) }
  public mutating func floats(_ count: Int, _ range: ClosedRange<Float> = -1...1) -> [Float] { (0..<count).map { _ in float(range) } }
  public mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) } }
  public mutating func weights(_ count: Int) -> [Int8] { (0..<count).map { _ in Int8(truncatingIfNeeded: next()) } }

  public mutating func eightBitType() -> ElementType { flag() ? .uint8 : .int8 }
  public mutating func quantisation(_ type: ElementType) -> Quantisation {
    let zeroPoint = type == .uint8 ? integer(0...255) : integer(-128...127)
    return Quantisation(scale: float(0.005...0.1), zeroPoint: Int32(zeroPoint))
  }
  public mutating func values(of tensor: TensorDescription) -> HostTensor {
    if tensor.elementType == .float32 { return HostTensor(floats(tensor.elementCount), dimensions: tensor.dimensions) }
    return HostTensor(elementType: tensor.elementType, dimensions: tensor.dimensions, bytes: bytes(tensor.byteCount))
  }
}
