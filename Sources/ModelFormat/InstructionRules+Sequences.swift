import Tensors

extension InstructionRules {
  func check(_ fields: Attention) throws(ModelFormatError) {
    let (length, width) = try matrix(fields.queries)
    let form = try tensor(fields.keys).elementType == .float16 ? ElementType.float16 : .float32
    let (rows, keyWidth) = try matrix(fields.keys, of: form)
    let (valueRows, valueWidth) = try matrix(fields.values, of: form)
    try require(form == .float32 || length == 1, "has keys of 16-bit floats for \(length) queries, and one can have them")
    _ = try written(fields.output)
    let (outputRows, outputWidth) = try matrix(fields.output)
    try require(
      outputRows == length && outputWidth == width && keyWidth == width && valueWidth == width && valueRows == rows,
      "makes [\(outputRows), \(outputWidth)] of queries [\(length), \(width)], keys [\(rows), \(keyWidth)] and values [\(valueRows), \(valueWidth)]")
    try require(fields.heads >= 1 && width % Int(fields.heads) == 0, "has \(fields.heads) heads of \(width) elements")
    try require((fields.ownKey == nil) == (fields.ownValue == nil), "has a key without a value, or a value without a key")
    for own in [fields.ownKey, fields.ownValue].compactMap({ $0 }) {
      let (ownRows, ownWidth) = try matrix(own)
      try require(length == 1 && ownRows == 1 && ownWidth == width, "attends to a row [\(ownRows), \(ownWidth)] of its own with \(length) queries")
    }
    if let count = fields.count {
      let count = try tensor(count)
      try require(count.elementType == .int64 && count.elementCount == 1, "counts rows by \(count.elementType.name) \(count.dimensions)")
    }
  }

  func check(_ fields: Rotation) throws(ModelFormatError) {
    let (rows, width) = try matrix(fields.input)
    _ = try written(fields.output)
    let output = try matrix(fields.output)
    let (positions, pairs) = try matrix(fields.cosines)
    let sines = try matrix(fields.sines)
    try require(output == (rows, width), "turns [\(rows), \(width)] into [\(output.rows), \(output.width)]")
    try require(sines == (positions, pairs), "has cosines [\(positions), \(pairs)] and sines [\(sines.rows), \(sines.width)]")
    try require(
      fields.heads >= 1 && width % Int(fields.heads) == 0 && 2 * pairs <= width / Int(fields.heads),
      "has \(fields.heads) heads of \(width) elements, of which \(pairs) pairs turn")
    let rowPositions = try tensor(fields.rowPositions)
    try require(
      rowPositions.elementType == .int64 && rowPositions.elementCount == rows,
      "has positions \(rowPositions.elementType.name) \(rowPositions.dimensions) for \(rows) rows")
  }

  func check(_ fields: Normalisation) throws(ModelFormatError) {
    let (input, output) = (try tensor(fields.input), try written(fields.output))
    try require(
      input.elementType == .float32 && output.elementType == .float32 && input.dimensions == output.dimensions && input.elementCount > 0,
      "normalises \(input.elementType.name) \(input.dimensions) as \(output.elementType.name) \(output.dimensions)")
    for index in [fields.scale, fields.shift].compactMap({ $0 }) {
      let factor = try tensor(index)
      try require(
        factor.elementType == .float32 && factor.elementCount == input.dimensions.last ?? 1,
        "scales or shifts \(input.dimensions) by \(factor.elementType.name) \(factor.dimensions)")
    }
    try require(fields.epsilon >= 0 && fields.epsilon.isFinite, "adds the epsilon \(fields.epsilon)")
  }

  /// Two axes of elements that aren't empty.
  private func matrix(_ index: TensorIndex, of elementType: ElementType = .float32) throws(ModelFormatError) -> (rows: Int, width: Int) {
    let tensor = try tensor(index)
    guard tensor.elementType == elementType, tensor.dimensions.count == 2, tensor.dimensions.allSatisfy({ 1...(1 << 24) ~= $0 }) else {
      throw broken("'\(tensor.name)' of \(tensor.elementType.name) \(tensor.dimensions) is no matrix of \(elementType.name)")
    }
    return (tensor.dimensions[0], tensor.dimensions[1])
  }
}
