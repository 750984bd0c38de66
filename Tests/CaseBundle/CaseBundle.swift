public import Tensors

/// A package with its inputs and what it must make of them.
public struct BundledCase {
  public struct Expectation {
    public var output: Int
    public var tensor: HostTensor
    /// The most by which an element may differ; 0 demands the same bits.
    public var tolerance: Float
    public init(output: Int, tensor: HostTensor, tolerance: Float) {
      self.output = output
      self.tensor = tensor
      self.tolerance = tolerance
    }
  }

  public var name: String
  /// The bytes of a package file.
  public var package: [UInt8]
  public var inputs: [HostTensor]
  /// Whether inputs are the bytes of the program's own tensors instead of what its ports declare.
  public var givesStoredInputs: Bool
  public var expectations: [Expectation]

  public init(name: String, package: [UInt8], inputs: [HostTensor], givesStoredInputs: Bool = false, expectations: [Expectation]) {
    self.name = name
    self.package = package
    self.inputs = inputs
    self.givesStoredInputs = givesStoredInputs
    self.expectations = expectations
  }
}

/// Many cases in one file, made on a workstation and run on a device of another architecture: length-prefixed parts one after
/// the other, numbers little-endian. Its reader stays in the Embedded Swift subset.
public enum CaseBundle {
  public static func encode(_ cases: [BundledCase]) -> [UInt8] {
    var bytes: [UInt8] = []
    func append(_ number: UInt32) { for shift in 0..<4 { bytes.append(UInt8(truncatingIfNeeded: number >> UInt32(8 * shift))) } }
    func append(_ part: [UInt8]) {
      append(UInt32(part.count))
      bytes += part
    }
    append(UInt32(cases.count))
    for bundled in cases {
      append([UInt8](bundled.name.utf8))
      append(bundled.package)
      append(UInt32(bundled.inputs.count))
      append(bundled.givesStoredInputs ? 1 : 0)
      for input in bundled.inputs { append(input.npyBytes) }
      append(UInt32(bundled.expectations.count))
      for expectation in bundled.expectations {
        append(UInt32(expectation.output))
        append(expectation.tolerance.bitPattern)
        append(expectation.tensor.npyBytes)
      }
    }
    return bytes
  }
}

/// Reads a bundle case by case.
public struct CaseBundleReader {
  private let bytes: [UInt8]
  private var position = 0
  public private(set) var remainingCases: Int

  /// nil where the bytes are no bundle.
  public init?(_ bytes: [UInt8]) {
    self.bytes = bytes
    remainingCases = 0
    guard let count = number() else { return nil }
    remainingCases = Int(count)
  }

  /// The next case; nil where the bundle is damaged.
  public mutating func next() -> BundledCase? {
    guard remainingCases > 0, let name = part(), let package = part(), let inputCount = number(), let isStored = number() else { return nil }
    var inputs: [HostTensor] = []
    for _ in 0..<inputCount {
      guard let tensor = tensor() else { return nil }
      inputs.append(tensor)
    }
    guard let expectationCount = number() else { return nil }
    var expectations: [BundledCase.Expectation] = []
    for _ in 0..<expectationCount {
      guard let output = number(), let tolerance = number(), let tensor = tensor() else { return nil }
      expectations.append(BundledCase.Expectation(output: Int(output), tensor: tensor, tolerance: Float(bitPattern: tolerance)))
    }
    remainingCases -= 1
    return BundledCase(
      name: String(decoding: name, as: UTF8.self), package: package, inputs: inputs, givesStoredInputs: isStored == 1, expectations: expectations)
  }

  private mutating func number() -> UInt32? {
    guard bytes.count - position >= 4 else { return nil }
    var number: UInt32 = 0
    for index in 0..<4 { number |= UInt32(bytes[position + index]) << UInt32(8 * index) }
    position += 4
    return number
  }

  private mutating func part() -> [UInt8]? {
    guard let count = number(), bytes.count - position >= Int(count) else { return nil }
    defer { position += Int(count) }
    return [UInt8](bytes[position..<position + Int(count)])
  }

  private mutating func tensor() -> HostTensor? {
    guard let bytes = part() else { return nil }
    do throws(TensorError) {
      return try HostTensor(npy: bytes)
    } catch {
      return nil
    }
  }
}
