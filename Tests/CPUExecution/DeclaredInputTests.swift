import CPUExecution
import Inference
import ModelFormat
import Tensors
import Testing

struct DeclaredInputTests {
  /// A program that does nothing: its input is its output.
  private func session(_ type: ElementType, _ quantisation: Quantisation?, as declaredType: ElementType = .float32, declared: [Int], permutation: [Int])
    throws -> Session<CPUBackend>
  {
    let tensor = TensorDescription(
      name: "x", elementType: type, dimensions: permutation.map { declared[$0] }, quantisation: quantisation, storage: .arena(offset: 0))
    let port = Port(name: "x", tensor: 0, declaredType: declaredType, declaredDimensions: declared, permutation: permutation)
    let program = Program(tensors: [tensor], inputs: [port], outputs: [port], instructions: [], arenaByteCount: tensor.byteCount)
    return try unsafe Session(program: program, weights: UnsafeRawBufferPointer(start: nil, count: 0), options: CPUOptions())
  }

  @Test(arguments: [
    (ElementType.uint8, Quantisation(scale: 0.37, zeroPoint: 11) as Quantisation?, [1, 3, 5, 7], [0, 2, 3, 1]),
    (.int8, Quantisation(scale: 1.5, zeroPoint: -20), [2, 3, 4], [2, 0, 1]),
    (.uint8, Quantisation(scale: 1, zeroPoint: 0), [9], [0]),
    (.uint8, Quantisation(scale: 0.73, zeroPoint: 128), [2, 3, 6, 21], [0, 2, 3, 1]),
    (.uint8, Quantisation(scale: 0.61, zeroPoint: 7), [2, 3, 5, 24], [0, 2, 3, 1]),
    (.int8, Quantisation(scale: 0.9, zeroPoint: -3), [1, 4, 8], [0, 2, 1]),
    (.int8, Quantisation(scale: 2.1, zeroPoint: 5), [3, 37], [0, 1]),
    (.uint8, Quantisation(scale: 1.1, zeroPoint: 255), [2, 1, 5, 17], [0, 2, 3, 1]),
    (.float32, nil, [1, 3, 4, 6], [0, 2, 3, 1]),
    (.float32, nil, [2, 2, 3, 4, 5], [4, 2, 0, 1, 3]),
  ])
  func `the pass without allocation writes what the plain conversion writes`(
    type: ElementType, quantisation: Quantisation?, declared: [Int], permutation: [Int]
  ) throws {
    let plain = try session(type, quantisation, declared: declared, permutation: permutation)
    let fast = try session(type, quantisation, declared: declared, permutation: permutation)
    var values = (0..<declared.elementCount).map { Float($0 * 37 % 401) - 180.5 }
    values[0] = .nan
    if values.count > 3 { (values[1], values[2], values[3]) = (.infinity, -.infinity, 0.5 * 0.37) }
    // NaN's bits differ from each other; only where both quantise do they mean one thing.
    if quantisation == nil { values[0] = -0.0 }
    let tensor = HostTensor(values, dimensions: declared)
    try plain.setInput(0, to: tensor)
    unsafe tensor.bytes.withUnsafeBytes { unsafe fast.writeInput(0, from: $0) }
    #expect(unsafe [UInt8](fast.inputBytes(0)) == [UInt8](plain.inputBytes(0)))
  }

  @Test(arguments: ElementType.allCases, [nil, Quantisation(scale: 0.37, zeroPoint: 11)])
  func `whatever pairing of types a session accepts can be written`(stored: ElementType, quantisation: Quantisation?) throws {
    guard quantisation == nil || stored.isEightBitInteger else { return }
    let declared = [2, 3, 4]
    var accepted = 0
    for type in ElementType.allCases {
      guard let plain = try? session(stored, quantisation, as: type, declared: declared, permutation: [2, 0, 1]) else { continue }
      let fast = try session(stored, quantisation, as: type, declared: declared, permutation: [2, 0, 1])
      let tensor = HostTensor((0..<24).map { Double($0) * 0.75 - 3 }, dimensions: declared).converted(to: type)
      try plain.setInput(0, to: tensor)
      unsafe tensor.bytes.withUnsafeBytes { unsafe fast.writeInput(0, from: $0) }
      #expect(unsafe [UInt8](fast.inputBytes(0)) == [UInt8](plain.inputBytes(0)), "\(type.name) carried by \(stored.name)")
      accepted += 1
    }
    #expect(accepted == (stored == .float32 ? 3 : quantisation == nil ? 1 : 4))
  }

  @Test(arguments: [ElementType.float32, .float16, .int8])
  func `real numbers are written and read whatever the port declares`(declaredType: ElementType) throws {
    let quantisation = Quantisation(scale: 0.5, zeroPoint: -20)
    let session = try session(.int8, quantisation, as: declaredType, declared: [2, 3], permutation: [1, 0])
    let plain = try self.session(.int8, quantisation, declared: [2, 3], permutation: [1, 0])
    let values: [Float] = [0, 0.5, -1, 40, 1000, -1000]
    try plain.setInput(0, to: HostTensor(values, dimensions: [2, 3]))
    unsafe try values.withUnsafeBufferPointer { unsafe try session.writeReals(0, from: $0) }
    #expect(unsafe [UInt8](session.inputBytes(0)) == [UInt8](plain.inputBytes(0)))
    #expect(try session.realOutput(0) == [0, 0.5, -1, 40, 73.5, -54])
  }

  @Test func `a wrong count, or a tensor that carries no real numbers, is an error`() throws {
    let few: [Float] = [1, 2]
    let floats = try session(.float32, nil, declared: [3], permutation: [0])
    let whole = try session(.int32, nil, as: .int32, declared: [2], permutation: [0])
    for session in [floats, whole] {
      #expect { unsafe try few.withUnsafeBufferPointer { unsafe try session.writeReals(0, from: $0) } } throws: {
        ($0 as? InferenceError)?.code == .shapeMismatch
      }
    }
  }
}
