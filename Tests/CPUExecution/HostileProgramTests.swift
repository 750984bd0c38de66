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

  /// Many instructions that resample one pixel into a column of `height`, by tables at some offsets.
  private func resamplings(height: Int, at offsets: [Int]) -> Program {
    let form = Quantisation(scale: 1, zeroPoint: 0)
    let constant = { (type: ElementType, count: Int, offset: Int) in
      TensorDescription(name: "w", elementType: type, dimensions: [count], storage: .weights(offset: offset))
    }
    var program = Program(
      tensors: [
        TensorDescription(name: "x", elementType: .uint8, dimensions: [1, 1, 1, 1], quantisation: form, storage: .arena(offset: 0)),
        TensorDescription(name: "y", elementType: .uint8, dimensions: [1, height, 1, 1], quantisation: form, storage: .arena(offset: 64)),
        constant(.float32, height, 0), constant(.int32, 2, 0), constant(.float32, 1, 0),
      ], inputs: [], outputs: [], instructions: [], arenaByteCount: 64 + height)
    for offset in offsets {
      program.tensors.append(constant(.int32, 2 * height, offset))
      program.instructions.append(
        .resize(
          Resize(input: 0, output: 1, rows: TensorIndex(program.tensors.count - 1), rowFractions: 2, columns: 3, columnFractions: 4)))
    }
    return program
  }

  // Read for each instruction, the tables would take an hour.
  @Test(.timeLimit(.minutes(2))) func `tables that instructions share are read once`() throws {
    let program = resamplings(height: 200_000, at: [Int](repeating: 0, count: 20_000))
    let weights = AlignedBytes(count: 1_600_000)
    try unsafe program.validate(weights: UnsafeRawBufferPointer(weights.bytes))
  }

  @Test func `tables that overlap so often that reading them takes for ever`() {
    let offsets = (0..<400).map { 4 * $0 }
    let program = resamplings(height: 100_000, at: offsets)
    let weights = AlignedBytes(count: 802_000)
    let error = #expect(throws: ModelFormatError.self) { try unsafe program.validate(weights: UnsafeRawBufferPointer(weights.bytes)) }
    #expect(error?.message.contains("overlap") == true)
  }
}
