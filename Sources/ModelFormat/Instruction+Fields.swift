/// The order of each instruction's fields in the file; part of the format.

extension Convolution {
  mutating func code<Coder: FieldCoder>(by coder: inout Coder) throws(ModelFormatError) {
    try coder.code(&input)
    try coder.code(&weights)
    try coder.code(&bias)
    try coder.code(&multipliers)
    try coder.code(&table)
    try coder.code(&residual)
    try coder.code(&output)
    try coder.code(&strides)
    try coder.code(&dilations)
    try coder.code(&padding)
    try coder.code(&groups)
    try coder.code(&function)
    try coder.code(&alpha)
    try coder.code(&beta)
    try coder.code(&lower)
    try coder.code(&upper)
    try coder.code(&middleZeroPoint)
    try coder.code(&middleLower)
    try coder.code(&middleUpper)
    try coder.code(&tableZeroPoint)
    try coder.code(&middleScale)
    try coder.code(&outputLower)
    try coder.code(&outputUpper)
    // Opcodes of their own say that there is more.
    if var index = gates {
      try coder.code(&index)
      gates = index
      try coder.code(&gateFactor)
    } else if var fields = narrow {
      try coder.code(&fields.bits)
      try coder.code(&fields.scales)
      try coder.code(&fields.group)
      if fields.activationBits != 32 { try coder.code(&fields.activationBits) }
      narrow = fields
    }
  }
}

extension Pooling {
  mutating func code<Coder: FieldCoder>(by coder: inout Coder) throws(ModelFormatError) {
    try coder.code(&kind)
    try coder.code(&input)
    try coder.code(&output)
    try coder.code(&kernel)
    try coder.code(&strides)
    try coder.code(&dilations)
    try coder.code(&padding)
    try coder.code(&countsPadding)
  }
}

extension Binary {
  mutating func code<Coder: FieldCoder>(by coder: inout Coder) throws(ModelFormatError) {
    try coder.code(&operation)
    try coder.code(&left)
    try coder.code(&right)
    try coder.code(&output)
    try coder.code(&lower)
    try coder.code(&upper)
  }
}

extension Unary {
  mutating func code<Coder: FieldCoder>(by coder: inout Coder) throws(ModelFormatError) {
    try coder.code(&function)
    try coder.code(&alpha)
    try coder.code(&beta)
    try coder.code(&input)
    try coder.code(&output)
  }
}

extension Lookup {
  mutating func code<Coder: FieldCoder>(by coder: inout Coder) throws(ModelFormatError) {
    try coder.code(&input)
    try coder.code(&table)
    try coder.code(&output)
  }
}

extension Conversion {
  mutating func code<Coder: FieldCoder>(by coder: inout Coder) throws(ModelFormatError) {
    try coder.code(&input)
    try coder.code(&output)
  }
}

extension Softmax {
  mutating func code<Coder: FieldCoder>(by coder: inout Coder) throws(ModelFormatError) {
    try coder.code(&input)
    try coder.code(&output)
    try coder.code(&isLogarithmic)
  }
}

extension StridedCopy {
  mutating func code<Coder: FieldCoder>(by coder: inout Coder) throws(ModelFormatError) {
    try coder.code(&input)
    try coder.code(&output)
    try coder.code(&extents)
    try coder.code(&inputOffset)
    try coder.code(&inputStrides)
    try coder.code(&outputOffset)
    try coder.code(&outputStrides)
  }
}

extension Fill {
  mutating func code<Coder: FieldCoder>(by coder: inout Coder) throws(ModelFormatError) {
    try coder.code(&output)
    try coder.code(&pattern)
  }
}

extension Reduction {
  mutating func code<Coder: FieldCoder>(by coder: inout Coder) throws(ModelFormatError) {
    try coder.code(&kind)
    try coder.code(&input)
    try coder.code(&output)
    try coder.code(&outer)
    try coder.code(&reduced)
    try coder.code(&inner)
  }
}

extension Resize {
  mutating func code<Coder: FieldCoder>(by coder: inout Coder) throws(ModelFormatError) {
    try coder.code(&input)
    try coder.code(&output)
    try coder.code(&rows)
    try coder.code(&rowFractions)
    try coder.code(&columns)
    try coder.code(&columnFractions)
  }
}

extension MatrixProduct {
  mutating func code<Coder: FieldCoder>(by coder: inout Coder) throws(ModelFormatError) {
    try coder.code(&left)
    try coder.code(&right)
    try coder.code(&output)
    try coder.code(&batch)
    try coder.code(&m)
    try coder.code(&n)
    try coder.code(&k)
    try coder.code(&leftBatchStride)
    try coder.code(&rightBatchStride)
    try coder.code(&isRightTransposed)
  }
}

extension Arithmetic {
  mutating func code<Coder: FieldCoder>(by coder: inout Coder) throws(ModelFormatError) {
    try coder.code(&operation)
    try coder.code(&left)
    try coder.code(&right)
    try coder.code(&output)
  }
}

extension Mapping {
  mutating func code<Coder: FieldCoder>(by coder: inout Coder) throws(ModelFormatError) {
    try coder.code(&function)
    try coder.code(&input)
    try coder.code(&output)
  }
}

extension Select {
  mutating func code<Coder: FieldCoder>(by coder: inout Coder) throws(ModelFormatError) {
    try coder.code(&condition)
    try coder.code(&onTrue)
    try coder.code(&onFalse)
    try coder.code(&output)
  }
}

extension Gather {
  mutating func code<Coder: FieldCoder>(by coder: inout Coder) throws(ModelFormatError) {
    try coder.code(&input)
    try coder.code(&indices)
    try coder.code(&output)
    try coder.code(&batch)
    try coder.code(&extents)
    try coder.code(&count)
    try coder.code(&inner)
    try coder.code(&sharesIndices)
  }
}

extension Scatter {
  mutating func code<Coder: FieldCoder>(by coder: inout Coder) throws(ModelFormatError) {
    try coder.code(&reduction)
    try coder.code(&input)
    try coder.code(&indices)
    try coder.code(&updates)
    try coder.code(&output)
    try coder.code(&batch)
    try coder.code(&extents)
    try coder.code(&count)
    try coder.code(&inner)
  }
}

extension ArgReduction {
  mutating func code<Coder: FieldCoder>(by coder: inout Coder) throws(ModelFormatError) {
    try coder.code(&input)
    try coder.code(&output)
    try coder.code(&outer)
    try coder.code(&reduced)
    try coder.code(&inner)
    try coder.code(&findsLeast)
    try coder.code(&takesLast)
  }
}

extension TopK {
  mutating func code<Coder: FieldCoder>(by coder: inout Coder) throws(ModelFormatError) {
    try coder.code(&input)
    try coder.code(&output)
    try coder.code(&outer)
    try coder.code(&length)
    try coder.code(&count)
    try coder.code(&findsLeast)
  }
}

extension CumulativeSum {
  mutating func code<Coder: FieldCoder>(by coder: inout Coder) throws(ModelFormatError) {
    try coder.code(&input)
    try coder.code(&output)
    try coder.code(&outer)
    try coder.code(&length)
    try coder.code(&inner)
    try coder.code(&isExclusive)
    try coder.code(&isReversed)
  }
}
