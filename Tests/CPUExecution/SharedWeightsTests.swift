@testable import CPUExecution
import Inference
import ModelFormat
import ProgramBuilding
import Tensors
import Testing

@Suite struct SharedWeightsTests {
  /// A float convolution, whose weights are packed on every machine.
  private func build(seed: UInt64) -> (builder: ProgramBuilder, inputs: [Float]) {
    var g = SeededGenerator(seed: seed)
    var builder = ProgramBuilder()
    let input = builder.input([1, 5, 5, 8])
    let weights = builder.constant(g.floats(16 * 8, -1...1), [16, 1, 1, 8])
    let output = builder.output([1, 5, 5, 16])
    builder.append(.convolution(Convolution(input: input, weights: weights, bias: nil, output: output)))
    return (builder, g.floats(200, -1...1))
  }

  private func outputs(of session: Session<CPUBackend>, _ inputs: [Float]) -> [UInt8] {
    unsafe inputs.withUnsafeBytes { unsafe session.inputBytes(0).copyMemory(from: $0) }
    session.run()
    return unsafe [UInt8](session.outputBytes(0))
  }

  @safe private final class Section {
    private let memory: AlignedBytes

    init(_ builder: ProgramBuilder) {
      memory = AlignedBytes(count: builder.weights.count)
      for (index, byte) in builder.weights.enumerated() { unsafe memory.bytes[index] = byte }
    }

    var bytes: UnsafeRawBufferPointer { unsafe UnsafeRawBufferPointer(memory.bytes) }
  }

  @Test func `sessions of one package keep its weights once, and compute the same`() throws {
    let (builder, inputs) = build(seed: 3)
    let (section, program) = (Section(builder), builder.program)
    let sharing = SharedWeights(owner: section)
    func session(_ sharing: SharedWeights?) throws -> Session<CPUBackend> {
      try unsafe Session(program: program, weights: section.bytes, options: CPUOptions(sharing: sharing))
    }
    let alone = try session(nil)
    var first: Session<CPUBackend>? = try session(sharing)
    let packed = sharing.byteCount
    #expect(packed > 0)
    let second = try session(sharing)
    #expect(sharing.byteCount == packed)
    let expected = outputs(of: alone, inputs)
    #expect(outputs(of: try #require(first), inputs) == expected)
    // What it packed is the others', too.
    first = nil
    #expect(outputs(of: second, inputs) == expected)
  }

  @Test func `other weights and other instructions aren't shared`() throws {
    let (one, inputs) = build(seed: 3)
    let two = build(seed: 4).builder
    let sections = [Section(one), Section(two)]
    let shared = SharedWeights(owner: sections[0])
    var results: [[UInt8]] = []
    for (builder, section) in zip([one, two], sections) {
      for sharing in [shared, nil] {
        for set in [CPUInstructionSet.best, .scalar] {
          let options = CPUOptions(instructionSet: set, sharing: sharing)
          let session = try unsafe Session<CPUBackend>(program: builder.program, weights: section.bytes, options: options)
          results.append(outputs(of: session, inputs))
        }
      }
    }
    #expect(results[0] == results[2] && results[1] == results[3])
    #expect(results[4] == results[6] && results[5] == results[7])
    #expect(results[0] != results[4])
  }
}
