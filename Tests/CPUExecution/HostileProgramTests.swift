import CAllocationCounter
import CPUExecution
import Inference
import ModelFormat
import ProgramBuilding
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

  /// A convolution of one pixel by `[channels, 1, 1, channels]` int8 weights at each of some offsets.
  private func convolutions(channels: Int, at offsets: [Int]) -> (program: Program, weightsByteCount: Int) {
    let quantisation = Quantisation(scale: 1, zeroPoint: 0)
    let pixel = { (offset: Int) in
      TensorDescription(name: "x", elementType: .uint8, dimensions: [1, 1, 1, channels], quantisation: quantisation, storage: .arena(offset: offset))
    }
    let constant = { (type: ElementType, dimensions: [Int], offset: Int) in
      TensorDescription(name: "w", elementType: type, dimensions: dimensions, storage: .weights(offset: offset))
    }
    var program = Program(
      tensors: [pixel(0), pixel(channels), constant(.int32, [channels], 0), constant(.float32, [channels], 0)], inputs: [], outputs: [], instructions: [],
      arenaByteCount: 2 * channels)
    for offset in offsets {
      program.tensors.append(constant(.int8, [channels, 1, 1, channels], offset))
      var fields = Convolution(input: 0, weights: TensorIndex(program.tensors.count - 1), bias: 2, output: 1)
      fields.multipliers = 3
      program.instructions.append(.convolution(fields))
    }
    return (program, offsets.max()! + channels * channels)
  }

  /// The most bytes that were held at once while a session over zeros was made, and why it was refused.
  private func loading(_ program: Program, weightsByteCount: Int) -> (peak: Int, refusal: InferenceError?) {
    let weights = AlignedBytes(count: weightsByteCount)
    allocation_peak_mark()
    var refusal: InferenceError?
    do throws(InferenceError) {
      _ = try unsafe Session<CPUBackend>(program: program, weights: UnsafeRawBufferPointer(weights.bytes), options: CPUOptions())
    } catch {
      refusal = error
    }
    return (Int(allocation_peak()), refusal)
  }

  @Test(.enabled(if: allocation_counter_works())) func `convolutions of the same weights share their packed form`() {
    let (program, byteCount) = convolutions(channels: 512, at: [Int](repeating: 0, count: 400))
    let loaded = loading(program, weightsByteCount: byteCount)
    #expect(loaded.refusal == nil)
    #expect(loaded.peak < 4 * byteCount, "\(loaded.peak) bytes for \(byteCount) bytes of weights")
  }

  @Test(.enabled(if: allocation_counter_works())) func `packed weights beyond what the weight section allows`() {
    let (program, byteCount) = convolutions(channels: 1024, at: (0..<600).map { 64 * $0 })
    let loaded = loading(program, weightsByteCount: byteCount)
    #expect(loaded.refusal?.code == .noResources)
    #expect(loaded.peak < Program.loadAllowance(weightsByteCount: byteCount) + 1 << 24)
  }

  @Test func `groups so small that padding multiplies the weights`() {
    let groups = 1 << 21
    let tensor = { (dimensions: [Int], storage: TensorDescription.Storage) in
      TensorDescription(name: "t", elementType: .float32, dimensions: dimensions, storage: storage)
    }
    let program = Program(
      tensors: [
        tensor([1, 1, 1, 2 * groups], .arena(offset: 0)), tensor([1, 1, 1, groups], .arena(offset: 8 * groups)),
        tensor([groups, 1, 1, 2], .weights(offset: 0)),
      ], inputs: [], outputs: [], instructions: [.convolution(Convolution(input: 0, weights: 2, output: 1, groups: Int32(groups)))],
      arenaByteCount: 12 * groups)
    #expect(loading(program, weightsByteCount: 8 * groups).refusal?.code == .noResources)
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

  @Test func `more work than any processor does in useful time`() {
    let (batch, k) = (1 << 16, 1 << 18)
    var builder = ProgramBuilder()
    let (left, right) = (builder.input([1, k]), builder.input([k, 1]))
    let output = builder.output([batch, 1, 1])
    for _ in 0..<1025 {
      builder.append(
        .matrixProduct(
          MatrixProduct(
            left: left, right: right, output: output, batch: Int32(batch), m: 1, n: 1, k: Int32(k), leftBatchStride: 0, rightBatchStride: 0,
            isRightTransposed: false)))
    }
    let error = #expect(throws: InferenceError.self) { try withSession(builder.program, builder.weights, CPUOptions()) { _ in } }
    #expect(error?.code == .unsupported)
  }
}
