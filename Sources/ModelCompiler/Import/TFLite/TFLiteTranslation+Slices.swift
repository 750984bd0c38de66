import ModelGraph
import ONNX
import TFLite
import Tensors

/// Operators that take parts of a tensor.
extension TFLiteTranslation {
  static let slices: [String: Handler] = [
    "SLICE": { (translation, operation) throws(OperatorError) in
      let begins = try translation.integers(try translation.input(1, of: operation))
      let sizes = try translation.integers(try translation.input(2, of: operation))
      guard begins.count == sizes.count else { throw OperatorError(.invalid, "has \(begins.count) begins and \(sizes.count) sizes") }
      // A size of -1 is everything that is left.
      let ends = zip(begins, sizes).map { $1 == -1 ? Int(Int32.max) : $0 &+ $1 }
      try translation.move(operation, "Slice", [translation.constant(begins), translation.constant(ends), translation.constant(Array(begins.indices))])
    },
    "STRIDED_SLICE": { (translation, operation) throws(OperatorError) in try translation.stridedSlice(operation) },
    "SPLIT": { (translation, operation) throws(OperatorError) in
      let x = try translation.input(1, of: operation)
      try translation.split(x, axis: try translation.input(0, of: operation), lengths: nil, operation)
    },
    "SPLIT_V": { (translation, operation) throws(OperatorError) in
      let lengths = try translation.input(1, of: operation)
      try translation.split(try translation.input(0, of: operation), axis: try translation.input(2, of: operation), lengths: lengths, operation)
    },
    "UNPACK": { (translation, operation) throws(OperatorError) in
      let axis = Int64(operation.integer("axis"))
      let x = try translation.value(try translation.input(0, of: operation))
      let count = operation.outputs.count
      let parts = translation.emit("Split", [x], ["axis": .integer(axis), "num_outputs": .integer(Int64(count))], outputCount: count)
      let axes = translation.constant([Int(axis)])
      for (output, part) in zip(operation.outputs, parts) { try translation.define(output, translation.emit("Squeeze", [part, axes])) }
    },
    "GATHER": { (translation, operation) throws(OperatorError) in
      guard operation.integer("batch_dims") == 0 else { throw OperatorError(.unsupported, "gathers within batches (batch_dims)") }
      let indices = try translation.value(try translation.input(1, of: operation))
      try translation.move(operation, "Gather", [indices], ["axis": .integer(Int64(operation.integer("axis")))])
    },
    "GATHER_ND": { (translation, operation) throws(OperatorError) in
      try translation.move(operation, "GatherND", [try translation.wholeNumbers(try translation.input(1, of: operation))])
    },
    "EMBEDDING_LOOKUP": { (translation, operation) throws(OperatorError) in
      let indices = try translation.value(try translation.input(0, of: operation))
      let table = try translation.value(try translation.input(1, of: operation))
      try translation.define(try translation.output(of: operation), translation.emit("Gather", [table, indices], ["axis": .integer(0)]))
    },
  ]

  private mutating func split(_ x: Int, axis: Int, lengths: Int?, _ operation: TFLiteOperator) throws(OperatorError) {
    let axes = try integers(axis)
    guard axes.count == 1, !operation.outputs.isEmpty else { throw OperatorError(.invalid, "splits along \(axes) into \(operation.outputs.count)") }
    var inputs = [try value(x)]
    var attributes: [String: ONNXAttribute] = ["axis": .integer(Int64(axes[0]))]
    if let lengths {
      var known = try integers(lengths)
      let rank = rank(of: x)
      let position = axes[0] < 0 ? axes[0] + rank : axes[0]
      if let open = known.firstIndex(of: -1), 0..<rank ~= position {
        known[open] = 0
        known[open] = try dimensions(of: x, closed: [position])[position] &- known.reduce(0, &+)
      }
      inputs.append(constant(known))
    } else {
      attributes["num_outputs"] = .integer(Int64(operation.outputs.count))
    }
    let parts = emit("Split", inputs, attributes, outputCount: operation.outputs.count)
    for (output, part) in zip(operation.outputs, parts) { try define(output, part) }
  }

  /// Python's `x[begin:end:step, …]`: bit i of a mask speaks of entry i. Entries are axes of the input, but for new axes (one element
  /// each) and the ellipsis (as many axes as are missing).
  private mutating func stridedSlice(_ operation: TFLiteOperator) throws(OperatorError) {
    guard !operation.flag("offset") else { throw OperatorError(.unsupported, "counts its ends from its begins (offset)") }
    let x = try input(0, of: operation)
    let (begins, ends) = (try integers(try input(1, of: operation)), try integers(try input(2, of: operation)))
    let steps = try integers(try input(3, of: operation))
    guard begins.count == ends.count, begins.count == steps.count, begins.count <= 32 else {
      throw OperatorError(.invalid, "has \(begins.count) begins, \(ends.count) ends and \(steps.count) steps")
    }
    let isSet = { (mask: String, entry: Int) in operation.integer(mask) >> entry & 1 == 1 }
    let newCount = begins.indices.filter { isSet("new_axis_mask", $0) && !isSet("ellipsis_mask", $0) }.count
    let ellipses = begins.indices.filter { isSet("ellipsis_mask", $0) }
    guard ellipses.count <= 1 else { throw OperatorError(.invalid, "has more than one ellipsis") }
    var ranges: (starts: [Int], ends: [Int], axes: [Int], steps: [Int]) = ([], [], [], [])
    var dropped: [Int] = []
    var added: [Int] = []
    // Axes of the input, and of the result before axes are dropped.
    var (axis, position) = (0, 0)
    for entry in begins.indices {
      if isSet("ellipsis_mask", entry) {
        let covered = rank(of: x) - (begins.count - newCount - 1)
        guard covered >= 0 else { throw OperatorError(.invalid, "slices more axes than there are") }
        axis += covered
        position += covered
        continue
      }
      if isSet("new_axis_mask", entry) {
        added.append(position)
        position += 1
        continue
      }
      let isSingle = isSet("shrink_axis_mask", entry)
      let step = isSingle ? 1 : steps[entry]
      let last = step > 0 ? Int(Int32.max) : Int(Int32.min)
      let start = isSet("begin_mask", entry) && !isSingle ? (step > 0 ? 0 : Int(Int32.max)) : begins[entry]
      let singleEnd = start == -1 ? Int(Int32.max) : start &+ 1
      ranges.starts.append(start)
      ranges.ends.append(isSingle ? singleEnd : isSet("end_mask", entry) ? last : ends[entry])
      ranges.axes.append(axis)
      ranges.steps.append(step)
      if isSingle { dropped.append(position) }
      axis += 1
      position += 1
    }
    var name = try value(x)
    if !ranges.axes.isEmpty { name = emit("Slice", [name] + [ranges.starts, ranges.ends, ranges.axes, ranges.steps].map { constant($0) }) }
    if !added.isEmpty { name = emit("Unsqueeze", [name, constant(added)]) }
    if !dropped.isEmpty { name = emit("Squeeze", [name, constant(dropped)]) }
    try define(try output(of: operation), name)
  }
}
