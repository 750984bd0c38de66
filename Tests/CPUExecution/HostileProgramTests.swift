import CPUExecution
import Inference
import ModelFormat
import Tensors
import Testing

/// Programs that are well formed as bytes and that no compiler makes: refused at load, with a reason and without a trap.
@Suite struct HostileProgramTests {
  private func refuses(_ builder: ProgramBuilder) {
    let error = #expect(throws: InferenceError.self) { try withSession(builder.program, builder.weights, CPUOptions()) { _ in } }
    #expect(error?.code == .malformedProgram)
  }

  @Test(arguments: [[Int32](repeating: 1 << 30, count: 3), [1 << 30, 1 << 30], [1, 1 << 20]])
  func `a copy that writes more often than its output has elements`(_ extents: [Int32]) {
    var builder = ProgramBuilder()
    let input = builder.input([8])
    let still = [Int64](repeating: 0, count: extents.count)
    builder.append(
      .copy(
        StridedCopy(
          input: input, output: builder.output([8]), extents: extents, inputOffset: 0, inputStrides: still, outputOffset: 0, outputStrides: still)))
    refuses(builder)
  }

  @Test func `an empty tensor whose strides no integer holds`() {
    var builder = ProgramBuilder()
    let dimensions = [0, 1 << 31, 1 << 31, 1 << 31]
    let input = builder.input(dimensions)
    builder.append(.binary(Binary(operation: .add, left: input, right: input, output: builder.output(dimensions))))
    refuses(builder)
  }

  @Test func `an input declared in a type that its tensor can't take`() {
    let types: [(declared: ElementType, stored: ElementType)] = [(.float32, .int32), (.int8, .uint8), (.float64, .int32), (.bool, .uint8)]
    for (declared, stored) in types {
      var builder = ProgramBuilder()
      _ = builder.input([8], stored)
      var program = builder.program
      program.inputs[0].declaredType = declared
      let error = #expect(throws: InferenceError.self) { try withSession(program, builder.weights, CPUOptions()) { _ in } }
      #expect(error?.code == .malformedProgram)
    }
  }

  @Test func `scratch beyond what an arena may have`() {
    let k = 1 << 23
    var builder = ProgramBuilder()
    let left = builder.input([1, k])
    let right = builder.input([k, 1])
    builder.append(
      .matrixProduct(
        MatrixProduct(
          left: left, right: right, output: builder.output([1, 1]), batch: 1, m: 1, n: 1, k: Int32(k), leftBatchStride: 0, rightBatchStride: 0,
          isRightTransposed: false)))
    let error = #expect(throws: InferenceError.self) { try withSession(builder.program, builder.weights, CPUOptions(threads: 16)) { _ in } }
    #expect(error?.code == .noResources)
  }

  @Test func `an 8-bit average whose sum leaves 32 bits`() {
    let quantisation = Quantisation(scale: 1, zeroPoint: 0)
    var builder = ProgramBuilder()
    let input = builder.input([1, 4096, 4096, 1], .uint8, quantisation)
    let window = HeightWidth(4096, 4096)
    builder.append(
      .pooling(
        Pooling(
          kind: .average, input: input, output: builder.output([1, 1, 1, 1], .uint8, quantisation), kernel: window, strides: window, padding: .zero)))
    refuses(builder)
  }
}
