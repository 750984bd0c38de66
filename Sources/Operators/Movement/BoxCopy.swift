import Tensors

/// A copy of a box of elements from one tensor into another, told in their logical axes: evaluation and lowering both follow it,
/// whatever the layouts.
public struct BoxCopy: Sendable {
  /// One nested loop: how far it runs and what each round moves on by in both tensors.
  struct Loop: Sendable {
    var extent: Int
    /// Axis and elements along it; 0 elements repeats.
    var input: (axis: Int, step: Int)
    var output: (axis: Int, step: Int)

    init(_ extent: Int, input: (axis: Int, step: Int), output: (axis: Int, step: Int)) {
      self.extent = extent
      self.input = input
      self.output = output
    }
  }

  /// Which of the node's inputs and outputs.
  var source = 0
  var target = 0
  /// Coordinates of the first element in both.
  var inputStart: [Int]
  var outputStart: [Int]
  var loops: [Loop]

  init(source: Int = 0, target: Int = 0, inputStart: [Int], outputStart: [Int], loops: [Loop]) {
    self.source = source
    self.target = target
    self.inputStart = inputStart
    self.outputStart = outputStart
    self.loops = loops
  }

  /// A box of `extents` that keeps its axes.
  static func box(_ extents: [Int], source: Int = 0, target: Int = 0, from inputStart: [Int]? = nil, to outputStart: [Int]? = nil) -> BoxCopy {
    let origin = [Int](repeating: 0, count: extents.count)
    return BoxCopy(
      source: source, target: target, inputStart: inputStart ?? origin, outputStart: outputStart ?? origin,
      loops: extents.indices.map { Loop(extents[$0], input: ($0, 1), output: ($0, 1)) })
  }

  var extents: [Int] { loops.map(\.extent) }

  /// Where the copy begins and how its loops step, in elements, given the elements to step along each axis.
  func input(strides: [Int]) -> (offset: Int, strides: [Int]) {
    (zip(inputStart, strides).reduce(0) { $0 + $1.0 * $1.1 }, loops.map { $0.input.step == 0 ? 0 : strides[$0.input.axis] * $0.input.step })
  }

  func output(strides: [Int]) -> (offset: Int, strides: [Int]) {
    (zip(outputStart, strides).reduce(0) { $0 + $1.0 * $1.1 }, loops.map { strides[$0.output.axis] * $0.output.step })
  }
}

/// Everything that a moving operator does: types of its outputs and the copies that fill them.
public struct Movement: Sendable {
  var outputs: [[Int]]
  var copies: [BoxCopy]
  /// The value of elements that no copy reaches; nil where copies reach all.
  var fill: HostTensor?

  init(outputs: [[Int]], copies: [BoxCopy], fill: HostTensor? = nil) {
    self.outputs = outputs
    self.copies = copies
    self.fill = fill
  }
}

/// Consecutive elements of an index list that step evenly, so that one copy moves them.
struct IndexRun {
  var position: Int
  var first: Int
  var step: Int
  var count: Int

  static func runs(of indices: [Int]) -> [IndexRun] {
    var runs: [IndexRun] = []
    for (position, index) in indices.enumerated() {
      if var run = runs.last {
        if run.count == 1 { run.step = index - run.first }
        if index == run.first + run.step * run.count {
          run.count += 1
          runs[runs.count - 1] = run
          continue
        }
      }
      runs.append(IndexRun(position: position, first: index, step: 1, count: 1))
    }
    return runs
  }
}
