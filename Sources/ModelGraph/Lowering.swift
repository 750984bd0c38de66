public import ModelFormat
public import Tensors

/// What a lowered value's bytes mean.
public enum Representation: Equatable, Sendable {
  /// The value's own element type in the graph (float32 for activations).
  case plain
  /// 8 bits that stand for the value.
  case stored(StoredQuantisation)
}

/// A tensor of the program under construction; tensors of one buffer share their bytes.
public struct LoweredTensor: Sendable {
  public enum Home: Hashable, Sendable {
    case buffer(Int)
    case weights(offset: Int)
  }
  public var name: String
  public var elementType: ElementType
  /// Physical.
  public var dimensions: [Int]
  public var quantisation: Quantisation?
  public var home: Home

  public var byteCount: Int { dimensions.elementCount * elementType.byteCount }
}

/// Builds a program from a graph, node by node in order. Operators ask for operands in the layout and representation that
/// they need, declare their results, and emit instructions; conversions that this takes are emitted and shared here.
public struct Lowering: Sendable {
  /// A form in which a value is at hand.
  struct Binding: Sendable {
    var layout: Layout
    var representation: Representation
    var tensor: TensorIndex
  }

  /// A result that was declared in another form than the graph asks for.
  struct PendingConversion: Sendable {
    var value: ValueID
    var binding: Binding
    var target: StoredQuantisation
  }

  public internal(set) var graph: Graph
  public internal(set) var tensors: [LoweredTensor] = []
  public internal(set) var instructions: [Instruction] = []
  /// The package's weight section as it grows; every constant starts at a 64-byte boundary.
  public internal(set) var weights: [UInt8] = []
  public internal(set) var bufferCount = 0
  var bindings: [ValueID: [Binding]] = [:]
  var pending: [PendingConversion] = []
  var constantOffsets: [Int: [(offset: Int, count: Int)]] = [:]
  var budget = FoldingBudget()
  /// What the model's constants may become in several forms, and what may be made beside them.
  private let largestWeightCount: Int

  public init(graph: Graph) {
    self.graph = graph
    largestWeightCount = graph.values.reduce(FoldingBudget.largestByteCount) { $0 + 4 * ($1.constant?.bytes.count ?? 0) }
  }

  /// Lowers one node, then brings its results into the forms that the graph asks for.
  public mutating func lower(_ node: Node) throws(OperatorError) {
    try node.operation.lower(node, into: &self)
    guard weights.count <= largestWeightCount else {
      throw OperatorError(.unsupported, "needs constants that make the program's over \(largestWeightCount >> 20) MiB, far more than the model's own")
    }
    let conversions = pending
    pending = []
    for conversion in conversions {
      convert(conversion)
    }
  }

  /// Adds an instruction, unless it would write a tensor without elements: that is nothing to run.
  public mutating func emit(_ instruction: Instruction) {
    guard tensors[Int(instruction.written)].byteCount > 0 else { return }
    instructions.append(instruction)
  }

  /// Adds a tensor in a buffer of its own, for a value or for an instruction's intermediate result.
  public mutating func addTensor(name: String, elementType: ElementType, dimensions: [Int], quantisation: Quantisation? = nil) -> TensorIndex {
    bufferCount += 1
    tensors.append(
      LoweredTensor(name: name, elementType: elementType, dimensions: dimensions, quantisation: quantisation, home: .buffer(bufferCount - 1)))
    return TensorIndex(tensors.count - 1)
  }

  /// Adds a constant to the weight section; equal bytes are kept once.
  public mutating func addConstant(_ tensor: HostTensor, name: String, quantisation: Quantisation? = nil) -> TensorIndex {
    let offset = weightOffset(of: tensor.bytes)
    tensors.append(
      LoweredTensor(
        name: name, elementType: tensor.elementType, dimensions: tensor.dimensions, quantisation: quantisation, home: .weights(offset: offset)))
    return TensorIndex(tensors.count - 1)
  }

  private mutating func weightOffset(of bytes: [UInt8]) -> Int {
    // As one block: an array hashes itself element by element.
    var hasher = Hasher()
    unsafe bytes.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
    let key = hasher.finalize()
    for known in constantOffsets[key] ?? [] where known.count == bytes.count {
      if weights[known.offset..<known.offset + known.count].elementsEqual(bytes) { return known.offset }
    }
    let padding = (64 - weights.count % 64) % 64
    weights.append(contentsOf: repeatElement(0, count: padding))
    let offset = weights.count
    weights.append(contentsOf: bytes)
    constantOffsets[key, default: []].append((offset, bytes.count))
    return offset
  }
}
