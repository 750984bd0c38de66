import CPUExecution
import Inference
import ModelFormat
import ProgramBuilding
import Tensors
import Testing

/// Every field of the families of whole numbers and run-time indices at its extremes, and tensors under other types and shapes: a program is
/// refused, or it runs without a trap over whatever its memory holds. (Under the address sanitizer: inside its memory, too.)
@Suite struct HostileFieldTests {
  static let extremes: [Int32] = [.min, .min + 1, -1, 0, 1, 2, 3, 6, 7, 255, 65536, 1 << 24, 1 << 30, .max - 1, .max]

  /// Runs a program over random memory if it is accepted.
  private func survive(_ builder: ProgramBuilder, _ g: inout SeededGenerator) -> Bool {
    do {
      try withSession(builder.program, builder.weights, CPUOptions(threads: 2)) { session in
        for index in session.program.inputs.indices {
          let bytes = unsafe session.inputBytes(index)
          for position in bytes.indices { unsafe bytes[position] = UInt8(truncatingIfNeeded: g.next()) }
        }
        session.run()
      }
      return true
    } catch {
      return false
    }
  }

  private func builder(_ types: [ElementType], _ dimensions: [[Int]], _ instruction: (TensorIndex, TensorIndex, TensorIndex, TensorIndex) -> Instruction)
    -> ProgramBuilder
  {
    var builder = ProgramBuilder()
    let tensors = zip(types, dimensions).map { builder.input($1, $0) }
    builder.append(instruction(tensors[0], tensors[1], tensors[2], tensors[3]))
    return builder
  }

  @Test func `gathers and scatters with any field are refused or harmless`() {
    var g = SeededGenerator(seed: 3)
    var accepted = 0
    for field in 0..<6 {
      for value in Self.extremes {
        for depth in [1, 2] {
          let gather = builder([.float32, .int32, .float32, .int32], [[2, 3, 4, 5], [2, 6, 2], [2, 6, 5], [2, 6, 5]]) { x, i, u, _ in
            var fields = Gather(input: x, indices: i, output: u, batch: 2, extents: [3, 4], count: 6, inner: 5, sharesIndices: false)
            switch field {
            case 0: fields.batch = value
            case 1: fields.extents[depth - 1] = value
            case 2: fields.count = value
            case 3: fields.inner = value
            case 4: fields.extents = [Int32](repeating: value, count: 4 * depth)
            default: fields.sharesIndices = true
            }
            return .gather(fields)
          }
          let scatter = builder([.int16, .int64, .int16, .int16], [[2, 3, 4, 5], [2, 6, 2], [2, 6, 5], [2, 3, 4, 5]]) { x, i, u, y in
            var fields = Scatter(reduction: .add, input: x, indices: i, updates: u, output: y, batch: 2, extents: [3, 4], count: 6, inner: 5)
            switch field {
            case 0: fields.batch = value
            case 1: fields.extents[depth - 1] = value
            case 2: fields.count = value
            case 3: fields.inner = value
            case 4: fields.extents = [Int32](repeating: value, count: 4 * depth)
            default: fields.output = x
            }
            return .scatter(fields)
          }
          for program in [gather, scatter] where survive(program, &g) { accepted += 1 }
        }
      }
    }
    #expect(accepted > 0, "the valid ones among them run")
  }

  @Test func `reductions to positions and running sums with any field are refused or harmless`() {
    var g = SeededGenerator(seed: 4)
    var accepted = 0
    for type in ElementType.allCases {
      for field in 0..<3 {
        for value in Self.extremes {
          func extent(_ position: Int, _ usual: Int32) -> Int32 { field == position ? value : usual }
          let programs = [
            builder([type, .int64, type, type], [[2, 3, 4], [2, 4], [2, 3, 4], []]) { x, y, _, _ in
              .argReduction(ArgReduction(input: x, output: y, outer: extent(0, 2), reduced: extent(1, 3), inner: extent(2, 4)))
            },
            builder([type, .int64, type, type], [[2, 7], [2, 3], [1], []]) { x, y, _, _ in
              .topK(TopK(input: x, output: y, outer: extent(0, 2), length: extent(1, 7), count: extent(2, 3)))
            },
            builder([type, .int64, type, type], [[2, 3, 4], [2, 4], [2, 3, 4], []]) { x, _, y, _ in
              .cumulativeSum(CumulativeSum(input: x, output: y, outer: extent(0, 2), length: extent(1, 3), inner: extent(2, 4)))
            },
            builder([type, .int64, type, type], [[2, 3, 4], [2, 4], [2, 4], []]) { x, _, y, _ in
              .reduction(Reduction(kind: .mean, input: x, output: y, outer: extent(0, 2), reduced: extent(1, 3), inner: extent(2, 4)))
            },
          ]
          for program in programs where survive(program, &g) { accepted += 1 }
        }
      }
    }
    #expect(accepted > 0)
  }

  @Test func `any pairing of types and shapes is refused or harmless`() {
    var g = SeededGenerator(seed: 5)
    var accepted = 0
    let shapes = [[], [0], [1], [4], [2, 4], [2, 1], [0, 4], [2, 3, 4]]
    for _ in 0..<6000 {
      let types = (0..<4).map { _ in ElementType.allCases.randomElement(using: &g)! }
      let alike = g.flag() ? types : [ElementType](repeating: types[0], count: 3) + [types[3]]
      let dimensions = (0..<4).map { _ in shapes.randomElement(using: &g)! }
      let choice = g.integer(0...3)
      let operation = Arithmetic.Operation.allCases.randomElement(using: &g)!
      let function = Mapping.Function.allCases.randomElement(using: &g)!
      let program = builder(choice == 0 && operation.givesTruth ? [alike[0], alike[1], .bool, alike[3]] : alike, dimensions) { a, b, c, d in
        switch choice {
        case 0: .arithmetic(Arithmetic(operation: operation, left: a, right: b, output: c))
        case 1: .mapping(Mapping(function: function, input: a, output: c))
        case 2: .cast(Conversion(input: a, output: d))
        default: .select(Select(condition: d, onTrue: a, onFalse: b, output: c))
        }
      }
      if survive(program, &g) { accepted += 1 }
    }
    #expect(accepted > 200)
  }

  @Test func `instructions over one another's memory are harmless`() {
    var g = SeededGenerator(seed: 6)
    for _ in 0..<300 {
      var builder = builder([.int64, .int64, .int64, .int64], [[6, 4], [6, 1], [6, 4], [6, 4]]) { x, i, u, _ in
        .gather(Gather(input: x, indices: i, output: u, batch: 1, extents: [6], count: 6, inner: 4, sharesIndices: true))
      }
      builder.append(.scatter(Scatter(reduction: .multiply, input: 0, indices: 1, updates: 2, output: 3, batch: 1, extents: [6], count: 6, inner: 4)))
      builder.append(.topK(TopK(input: 0, output: 2, outer: 6, length: 4, count: 4)))
      builder.append(.cumulativeSum(CumulativeSum(input: 0, output: 3, outer: 6, length: 4, inner: 1)))
      var program = builder.program
      for index in program.tensors.indices { program.tensors[index].storage = .arena(offset: 8 * g.integer(0...40)) }
      guard let session = try? unsafe Session<CPUBackend>(program: program, weights: UnsafeRawBufferPointer(start: nil, count: 0), options: CPUOptions())
      else { continue }
      session.run()
    }
  }
}
