public import Tensors

/// Names a tensor by its position in `Program.tensors`.
public typealias TensorIndex = Int32

/// A tensor that a program reads or writes: dense, row-major, in the order that the kernels use (images NHWC).
public struct TensorDescription: Equatable, Sendable {
  /// Where the bytes live, offsets in bytes.
  public enum Storage: Equatable, Sendable {
    /// In the session's arena; tensors whose lives don't overlap share bytes, reshapes alias, and parts of joins lie inside the whole.
    case arena(offset: Int)
    /// In the package's weight section; read-only.
    case weights(offset: Int)
  }

  /// For messages and the operator table; the name in the source model where there is one.
  public var name: String
  public var elementType: ElementType
  public var dimensions: [Int]
  /// Set exactly for 8-bit activations; weights carry their scales in the instruction's multipliers.
  public var quantisation: Quantisation?
  public var storage: Storage

  public init(name: String, elementType: ElementType, dimensions: [Int], quantisation: Quantisation? = nil, storage: Storage) {
    self.name = name
    self.elementType = elementType
    self.dimensions = dimensions
    self.quantisation = quantisation
    self.storage = storage
  }

  public var elementCount: Int { dimensions.elementCount }
  public var byteCount: Int { elementCount * elementType.byteCount }
}

/// An input or output of the model as its author declared it, and the tensor that carries it: one of the declared type, or for ports of
/// floating point a float32 or quantised one. (The compiler carries float16 and float64 by float32.) The session converts.
public struct Port: Equatable, Sendable {
  public var name: String
  public var tensor: TensorIndex
  public var declaredType: ElementType
  public var declaredDimensions: [Int]
  /// Physical axis `i` of the tensor is declared axis `permutation[i]`; identity where the layouts agree. (A `[1,3,H,W]`
  /// input kept as NHWC has `[0,2,3,1]`.)
  public var permutation: [Int]

  public init(name: String, tensor: TensorIndex, declaredType: ElementType, declaredDimensions: [Int], permutation: [Int]) {
    self.name = name
    self.tensor = tensor
    self.declaredType = declaredType
    self.declaredDimensions = declaredDimensions
    self.permutation = permutation
  }
}
