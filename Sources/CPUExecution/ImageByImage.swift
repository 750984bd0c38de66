import ModelFormat

/// A batch whose images a program treats alike, computed one image after the other: what an image needs then stays in the caches, where a whole
/// batch's activations would drive each other out of them.
extension Program {
  /// Activations, in bytes for each thread, that are better computed whole: they fit the caches, and fewer steps wait for each other.
  private static let smallBatch = 1 << 20
  /// Instructions and tensors of all images together, and ports: a hostile program shall cost no more than reading it does.
  private static let mostParts = 1 << 15
  private static let mostPorts = 64

  /// The programs of the single images in order, over this program's own memory: ports lie where they lay, everything between them is written again by
  /// each image.
  /// - Returns: nil where there is one image, where instructions mix images or might, or where a batch is no slower as a whole: its activations are
  ///   small, or smaller than the weights that every image would read anew.
  func imageByImage(threads: Int) -> [Program]? {
    guard let images = imageCount, images <= Self.mostParts / (instructions.count + tensors.count), inputs.count + outputs.count <= Self.mostPorts else {
      return nil
    }
    guard isBetterSingly(images, threads) else { return nil }
    return singly(images)
  }

  /// - Returns: as `imageByImage`, whether it is better or not.
  func singly(_ images: Int) -> [Program]? {
    let cut = BatchCut(program: self, images: images)
    guard let instructions = cut.instructions(), let first = cut.tensors(), let steps = cut.steps() else { return nil }
    return (0..<images).map { image in
      var program = self
      program.instructions = instructions
      program.tensors = first
      for (index, step) in steps {
        if case .arena(let offset) = first[index].storage { program.tensors[index].storage = .arena(offset: offset + image * step) }
      }
      return program
    }
  }

  /// The leading dimension of every input, where it is the same and more than one.
  var imageCount: Int? {
    let leading = inputs.map { tensors[Int($0.tensor)].dimensions.first ?? 1 }
    guard let images = leading.first, images > 1, leading.allSatisfy({ $0 == images }) else { return nil }
    return images
  }

  private func isBetterSingly(_ images: Int, _ threads: Int) -> Bool {
    var largest = 0, moved = 0, constant = 0
    var isCounted = [Bool](repeating: false, count: tensors.count)
    for instruction in instructions {
      var touched = tensors[Int(instruction.written)].byteCount
      for index in instruction.reads.map({ Int($0) }) {
        switch tensors[index].storage {
        case .arena: touched += tensors[index].byteCount
        case .weights:
          if !isCounted[index] { constant += tensors[index].byteCount }
          isCounted[index] = true
        }
      }
      largest = max(largest, touched)
      moved += touched
    }
    return largest / threads > Self.smallBatch && moved / images > constant
  }
}

/// Cuts a program's tensors along their first axis that is longer than one.
private struct BatchCut {
  let program: Program
  let images: Int

  private func tensor(_ index: TensorIndex) -> TensorDescription { program.tensors[Int(index)] }

  private func isConstant(_ index: TensorIndex) -> Bool {
    if case .weights = tensor(index).storage { true } else { false }
  }

  /// The axis along which a tensor of the arena is cut; nil where it holds no whole number of parts.
  private func axis(_ index: TensorIndex) -> Int? {
    let dimensions = tensor(index).dimensions
    guard !isConstant(index), let axis = dimensions.firstIndex(where: { $0 != 1 }), dimensions[axis] % images == 0 else { return nil }
    return axis
  }

  /// Every instruction, for one image; nil where one isn't known to leave images apart.
  func instructions() -> [Instruction]? {
    var made: [Instruction] = []
    for instruction in program.instructions {
      guard axis(instruction.written) != nil, let own = single(instruction) else { return nil }
      made.append(own)
    }
    return made
  }

  private func single(_ instruction: Instruction) -> Instruction? {
    switch instruction {
    case .convolution(let fields): isApart(fields) ? instruction : nil
    case .pooling(let fields): axis(fields.input) == 0 && axis(fields.output) == 0 ? instruction : nil
    case .resize(let fields): axis(fields.input) == 0 && axis(fields.output) == 0 ? instruction : nil
    case .binary(let fields): isApart(fields) ? instruction : nil
    case .unary(let fields): axis(fields.input) != nil ? instruction : nil
    case .lookup(let fields): axis(fields.input) != nil ? instruction : nil
    case .quantise(let fields), .dequantise(let fields): axis(fields.input) != nil ? instruction : nil
    case .softmax(let fields): isBeforeLast(axis(fields.input), fields.input) && isBeforeLast(axis(fields.output), fields.output) ? instruction : nil
    case .reduction(let fields): single(fields)
    case .copy(let fields): single(fields)
    default: nil
    }
  }

  /// Images, or pixels where each is computed from its own alone. (Where weights are narrow it counts how many rows there are: `Preparation.rounds`.)
  private func isApart(_ fields: Convolution) -> Bool {
    guard fields.narrow == nil, let axis = axis(fields.input), axis == self.axis(fields.output) else { return false }
    if let residual = fields.residual, self.axis(residual) != axis { return false }
    let kernel = tensor(fields.weights).dimensions
    let isPointwise = kernel[1] == 1 && kernel[2] == 1 && fields.strides == HeightWidth(1, 1) && fields.padding == .zero
    // An output may have fewer rows and columns than the windows give.
    return axis == 0 || axis < 3 && isPointwise && tensor(fields.input).dimensions[..<3] == tensor(fields.output).dimensions[..<3]
  }

  /// Operands of whole images; or constants that all images read alike.
  private func isApart(_ fields: Binary) -> Bool {
    guard let axis = axis(fields.output) else { return false }
    let output = tensor(fields.output).dimensions
    for index in [fields.left, fields.right] {
      let own = tensor(index).dimensions, place = axis - (output.count - own.count)
      if isConstant(index) {
        guard place < 0 || own[place] == 1 else { return false }
      } else {
        guard place >= 0, own[place] == output[axis], self.axis(index) == place else { return false }
      }
    }
    return true
  }

  private func isBeforeLast(_ axis: Int?, _ index: TensorIndex) -> Bool { axis.map { $0 < tensor(index).dimensions.count - 1 } ?? false }

  private func single(_ fields: Reduction) -> Instruction? {
    guard axis(fields.input) != nil, Int(fields.outer) % images == 0 else { return nil }
    var own = fields
    own.outer /= Int32(images)
    return .reduction(own)
  }

  /// A copy whose first axis goes from image to image on both sides, and that stays inside each.
  private func single(_ fields: StridedCopy) -> Instruction? {
    guard axis(fields.input) != nil, let first = fields.extents.first, Int(first) % images == 0 else { return nil }
    let sides = [(fields.input, fields.inputOffset, fields.inputStrides), (fields.output, fields.outputOffset, fields.outputStrides)]
    for (index, offset, strides) in sides {
      guard let stride = strides.first, stride * Int64(first) == Int64(tensor(index).elementCount) else { return nil }
      var least = offset, largest = offset
      for (extent, stride) in zip(fields.extents, strides).dropFirst() {
        let reach = Int64(extent - 1) * stride
        least += min(reach, 0)
        largest += max(reach, 0)
      }
      guard least >= 0, largest < stride else { return nil }
    }
    var own = fields
    own.extents[0] /= Int32(images)
    return .copy(own)
  }

  /// The first image's tensors; nil where what is read isn't what was written, as it was written. What can't be cut is of no use to any instruction, which
  /// would have refused it.
  func tensors() -> [TensorDescription]? {
    guard readsWhatWasWritten() else { return nil }
    var made = program.tensors
    for index in made.indices {
      if let axis = axis(TensorIndex(index)) { made[index].dimensions[axis] /= images }
    }
    return made
  }

  /// Of tensors that lie where a port does, which are as large, how far one image's lies from the one's before; all others lie in the same place for each
  /// image. Nil where a port can't be cut, or one of another size reaches into it.
  func steps() -> [(index: Int, step: Int)]? {
    let ports = program.inputs + program.outputs
    guard ports.allSatisfy({ axis($0.tensor) != nil }) else { return nil }
    let ranges = ports.map { range(of: $0.tensor) }
    var made: [(index: Int, step: Int)] = []
    for index in program.tensors.indices where axis(TensorIndex(index)) != nil {
      let own = range(of: TensorIndex(index)), overlapped = ranges.filter { $0.overlaps(own) }
      guard overlapped.allSatisfy({ $0 == own }) else { return nil }
      if !overlapped.isEmpty { made.append((index, own.count / images)) }
    }
    return made
  }

  private func range(of index: TensorIndex) -> Range<Int> {
    guard case .arena(let offset) = tensor(index).storage else { return 0..<0 }
    return offset..<offset + tensor(index).byteCount
  }

  private func readsWhatWasWritten() -> Bool {
    var written = program.inputs.map { range(of: $0.tensor) }
    for instruction in program.instructions {
      for index in instruction.reads where !isConstant(index) {
        let own = range(of: index)
        guard written.contains(own), written.allSatisfy({ $0 == own || !$0.overlaps(own) }) else { return false }
      }
      let own = range(of: instruction.written)
      written.removeAll { $0.overlaps(own) }
      written.append(own)
    }
    return program.outputs.allSatisfy { written.contains(range(of: $0.tensor)) }
  }
}
