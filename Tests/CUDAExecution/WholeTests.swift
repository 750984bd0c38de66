import CUDAExecution
import Inference
import ModelFormat
import ProgramBuilding
import Tensors
import Testing

extension CUDATests {
  /// Whole numbers, truth values, casts and choices, against the scalar kernels, bit for bit.
  @Suite struct WholeNumbers {
    static let types: [ElementType] = [.uint8, .int8, .int16, .uint16, .int32, .uint32, .int64, .uint64]

    /// Random bits, and at the front what is special to whole numbers of any width.
    private func values(_ g: inout SeededGenerator, _ type: ElementType, _ dimensions: [Int]) -> HostTensor {
      let size = type.byteCount
      var bytes = g.bytes(dimensions.reduce(1, *) * size)
      let special: [UInt64] = [0, 1, .max, 1 << UInt64(8 * size - 1), 1 << UInt64(8 * size - 1) - 1, 2, UInt64(8 * size), 64]
      for (index, value) in special.enumerated() where (index + 1) * size <= bytes.count {
        for byte in 0..<size { bytes[index * size + byte] = UInt8(truncatingIfNeeded: value >> UInt64(8 * byte)) }
      }
      if type == .bool { bytes = bytes.map { $0 & 1 } }
      return HostTensor(elementType: type, dimensions: dimensions, bytes: bytes)
    }

    @Test(arguments: Arithmetic.Operation.allCases) func `two tensors of whole numbers`(_ operation: Arithmetic.Operation) throws {
      var g = SeededGenerator(seed: UInt64(operation.rawValue))
      for type in Self.types + [.bool] where operation.accepts(type) {
        var builder = ProgramBuilder()
        // Each special number meets each: a column with a row.
        let (left, right) = (builder.input([2, 16, 1], type), builder.input([16], type))
        let output = builder.output([2, 16, 16], operation.givesTruth ? .bool : type)
        builder.append(.arithmetic(Arithmetic(operation: operation, left: left, right: right, output: output)))
        try CUDATests.compare(builder, [values(&g, type, [2, 16, 1]), values(&g, type, [16])], "\(type)")
      }
    }

    @Test(arguments: Arithmetic.Operation.allCases.filter { $0.accepts(.float32) })
    func `remainders and comparisons of floats`(_ operation: Arithmetic.Operation) throws {
      let special: [Float] = [0, -0.0, 1, -1, .infinity, -.infinity, .nan, 2.5, -2.5, .leastNonzeroMagnitude, 3e38, 0.1]
      var builder = ProgramBuilder()
      let (left, right) = (builder.input([12, 1]), builder.input([12]))
      let output = builder.output([12, 12], operation.givesTruth ? .bool : .float32)
      builder.append(.arithmetic(Arithmetic(operation: operation, left: left, right: right, output: output)))
      try CUDATests.compare(builder, [HostTensor(special, dimensions: [12, 1]), HostTensor(special, dimensions: [12])])
    }

    @Test(arguments: Mapping.Function.allCases) func `one tensor`(_ function: Mapping.Function) throws {
      var g = SeededGenerator(seed: UInt64(function.rawValue))
      for type in Self.types + [.bool] where function.accepts(type) {
        var builder = ProgramBuilder()
        builder.append(
          .mapping(Mapping(function: function, input: builder.input([300], type), output: builder.output([300], function.givesTruth ? .bool : type))))
        try CUDATests.compare(builder, [values(&g, type, [300])], "\(type)")
      }
      guard function.accepts(.float32) else { return }
      var builder = ProgramBuilder()
      builder.append(.mapping(Mapping(function: function, input: builder.input([4]), output: builder.output([4], .bool))))
      try CUDATests.compare(builder, [HostTensor([.nan, .infinity, -.infinity, 1] as [Float], dimensions: [4])])
    }

    @Test(arguments: types + [.bool, .float32, .float16, .float64]) func `casts to every type`(_ from: ElementType) throws {
      var g = SeededGenerator(seed: UInt64(from.rawValue))
      for to in Self.types + [.bool, .float32, .float16, .float64] {
        var builder = ProgramBuilder()
        builder.append(.cast(Conversion(input: builder.input([290], from), output: builder.output([290], to))))
        // Floats whose whole parts matter, not only random bits.
        let reals: [Double] = [0, 0.9, -0.9, 255.5, -129, 65_504, 65_519, 65_520, 5e-8, 3e9, -3e9, 1e19, -1e19, 2e19, .infinity, -.infinity]
        var bytes = values(&g, from, [290]).bytes
        for (index, real) in reals.enumerated() {
          if from == .float32 { bytes.replaceSubrange(4 * index..<4 * index + 4, with: Self.bytes(Float(real).bitPattern)) }
          if from == .float64 { bytes.replaceSubrange(8 * index..<8 * index + 8, with: Self.bytes(real.bitPattern)) }
        }
        // What is no number may be so by other bits.
        if from == .float32, to == .float64 || to == .float16 { bytes = bytes.enumerated().map { $0 % 4 == 3 && $1 & 0x7F == 0x7F ? 0x41 : $1 } }
        try CUDATests.compare(builder, [HostTensor(elementType: from, dimensions: [290], bytes: bytes)], "to \(to)")
      }
    }

    private static func bytes<Bits: FixedWidthInteger>(_ bits: Bits) -> [UInt8] {
      (0..<Bits.bitWidth / 8).map { UInt8(truncatingIfNeeded: bits >> Bits(8 * $0)) }
    }

    @Test(arguments: [ElementType.uint8, .int16, .float32, .int64]) func `choices with broadcasts`(_ type: ElementType) throws {
      var g = SeededGenerator(seed: 3)
      for (condition, yes, no) in [([3, 4, 5], [3, 4, 5], [3, 4, 5]), ([4, 1], [1], [3, 1, 5]), ([3, 1, 1], [4, 5], [1, 1])] {
        var builder = ProgramBuilder()
        let inputs = (builder.input(condition, .bool), builder.input(yes, type), builder.input(no, type))
        builder.append(.select(Select(condition: inputs.0, onTrue: inputs.1, onFalse: inputs.2, output: builder.output([3, 4, 5], type))))
        try CUDATests.compare(builder, [values(&g, .bool, condition), values(&g, type, yes), values(&g, type, no)])
      }
    }

    @Test(arguments: Reduction.Kind.allCases.filter { $0 != .logSumExp }) func `reductions`(_ kind: Reduction.Kind) throws {
      var g = SeededGenerator(seed: UInt64(kind.rawValue))
      for type in Self.types + ([.maximum, .minimum].contains(kind) ? [.bool] : []) {
        var builder = ProgramBuilder()
        builder.append(
          .reduction(Reduction(kind: kind, input: builder.input([3, 9, 5], type), output: builder.output([3, 5], type), outer: 3, reduced: 9, inner: 5)))
        try CUDATests.compare(builder, [values(&g, type, [3, 9, 5])], "\(type)")
      }
    }

    /// What a device's library may miss by a unit, as the emulated one does.
    @Test func `powers by whole numbers and their halves that are whole numbers are just these`() throws {
      let bases = (-12...12).map { Float($0) } + [-0.0, 0.5, -0.25, 100, 1024, 2048, 4095, .infinity, -.infinity, .nan]
      let exponents: [Float] = [0, -0.0, 1, 2, 3, 4, 5, 6, 7, 10, 11, 23, 64, 65, -1, -2, -3, 0.5, 1.5, 2.5, -0.5, 101, 8_388_608, .infinity, .nan]
      var builder = ProgramBuilder()
      let left = builder.input([bases.count, 1])
      let right = builder.input([exponents.count])
      builder.append(.binary(Binary(operation: .power, left: left, right: right, output: builder.output([bases.count, exponents.count]))))
      let wholes = builder.activation([bases.count, 1])
      builder.append(.unary(Unary(function: .power, alpha: 3, input: left, output: wholes)))
      // Cut off as a cast does: 8 that is missed by a unit would be 7.
      builder.append(.cast(Conversion(input: wholes, output: builder.output([bases.count, 1], .int32))))
      try CUDATests.compare(builder, [HostTensor(bases, dimensions: [bases.count, 1]), HostTensor(exponents, dimensions: [exponents.count])])
    }

    @Test func `the logarithm of a sum of exponentials`() throws {
      var g = SeededGenerator(seed: 8)
      for (outer, reduced, inner) in [(1, 1, 1), (3, 21, 1), (2, 9, 70)] {
        var builder = ProgramBuilder()
        let input = builder.input([outer, reduced, inner])
        builder.append(
          .reduction(
            Reduction(
              kind: .logSumExp, input: input, output: builder.output([outer, inner]), outer: Int32(outer), reduced: Int32(reduced), inner: Int32(inner))))
        var values = g.floats(outer * reduced * inner, -90...90)
        if reduced > 1 { values[0] = .infinity }
        try CUDATests.compare(builder, [HostTensor(values, dimensions: [outer, reduced, inner])])
      }
    }

    /// Groups, paddings, dilations; zero points of the input that are computed, and of the weights one or one a channel.
    @Test(arguments: ConvolutionShape.Grouping.allCases, 0..<6)
    func `convolutions that keep their sums`(_ grouping: ConvolutionShape.Grouping, _ seed: Int) throws {
      var g = SeededGenerator(seed: UInt64(seed) &* 71 &+ 5)
      let shape = ConvolutionShape(grouping, &g)
      var builder = ProgramBuilder()
      let type = g.eightBitType()
      let input = builder.input(shape.input, type)
      let zero = seed % 2 == 0 ? builder.input([1], type) : nil
      let zeros: TensorIndex? = [nil, builder.constant(g.weights(1)), builder.constant(g.weights(shape.output[3]))][seed % 3]
      var convolution = IntegerConvolution(
        input: input, inputZeroPoint: zero, weights: builder.constant(g.weights(shape.weights.elementCount), shape.weights), weightZeroPoints: zeros,
        output: builder.output(shape.output, .int32), strides: shape.strides, dilations: shape.dilations, padding: shape.padding)
      convolution.groups = Int32(shape.groups)
      builder.append(.integerConvolution(convolution))
      try CUDATests.compare(builder, builder.program.inputs.map { g.values(of: builder.program.tensors[Int($0.tensor)]) })
    }
  }
}
