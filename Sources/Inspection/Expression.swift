import Pipelines

/// A condition on what a frame shows, as `when:` and `until:` of a rule say it; `docs/rules.md` has the language.
///
/// It is a list of steps over a stack of truths: no loops, no variables, no more steps than `stepLimit`. Whatever it says, evaluating it ends.
public struct Expression: Equatable, Sendable {
  /// Bytes of its text, steps, and levels of brackets and `not` at most.
  public static let byteLimit = 1000, stepLimit = 64, depthLimit = 16

  /// Of numbers.
  public enum Comparison: String, CaseIterable, Sendable {
    case atLeast = ">=", above = ">", atMost = "<=", below = "<", equal = "==", unequal = "!="

    func holds(_ left: Float, _ right: Float) -> Bool {
      switch self {
      case .atLeast: left >= right
      case .above: left > right
      case .atMost: left <= right
      case .below: left < right
      case .equal: left == right
      case .unequal: left != right
      }
    }
  }

  /// Which detections are meant.
  struct Selection: Equatable, Sendable {
    /// Position in `labels`; nil for any.
    var label: Int?
    /// Of the score.
    var comparison: Comparison?
    var score: Float = 0
    var scoreColumn = 1
    /// Bits of regions in which a detection must be, and mustn't be; of lines that it must cross in this frame.
    var inside: UInt32 = 0
    var outside: UInt32 = 0
    var crossing: UInt32 = 0
  }

  enum Step: Equatable, Sendable {
    /// Whether there is one.
    case some(Selection)
    /// How many there are.
    case count(Selection, Comparison, Float)
    /// How large the largest is, as a share of the frame; 0 where there is none.
    case area(Selection, Comparison, Float)
    case not, and, or
  }

  /// A class that the text names, and where.
  struct LabelName: Equatable, Sendable {
    var name: String
    var column: Int
  }

  /// As it was written.
  public let text: String
  var steps: [Step] = []
  var labels: [LabelName] = []
  /// Where it first asks for something that only boxes have.
  var firstPlaceColumn: Int?
  /// Where it first asks for a line.
  var firstLineColumn: Int?

  init(text: String) { self.text = text }

  /// Refuses scores that nothing has: nothing below the threshold is reported.
  /// - Throws: `unsuitable`, with the column of the score.
  public func check(againstThreshold threshold: Float) throws(InspectionError) {
    for step in steps {
      let selection: Selection
      switch step {
      case .some(let one), .count(let one, _, _), .area(let one, _, _): selection = one
      case .not, .and, .or: continue
      }
      guard selection.comparison != nil, selection.score < threshold - 1e-6 else { continue }
      throw InspectionError(
        .unsuitable, column: selection.scoreColumn,
        "nothing below the threshold \(threshold) is reported: compare with \(threshold) or more, or set \"threshold\" to \(selection.score)")
    }
  }

  /// Whether it asks for lines, and so for tracks.
  public var asksForLines: Bool { firstLineColumn != nil }
}

/// An expression whose classes are a model's.
struct BoundExpression: Sendable {
  private let steps: [Expression.Step]
  /// Of each name in the expression, the model's class.
  private let labels: [Int]

  /// - Throws: `unknownName` where the model has no such class, `unsuitable` where it tells no places.
  init(_ expression: Expression, labels known: [String], isClassification: Bool) throws(InspectionError) {
    if isClassification, let column = expression.firstPlaceColumn {
      throw InspectionError(.unsuitable, column: column, "the model judges whole frames: it tells no places and no sizes")
    }
    if let first = Self.unknownLabels(of: expression, among: known).first { throw first }
    steps = expression.steps
    labels = expression.labels.compactMap { Self.index(of: $0.name, known) }
  }

  static func unknownLabels(of expression: Expression, among known: [String]) -> [InspectionError] {
    expression.labels.filter { index(of: $0.name, known) == nil }.map {
      unknownName($0.name, "class", known, column: $0.column, article: "the model has no")
    }
  }

  private static func index(of name: String, _ known: [String]) -> Int? { known.firstIndex(of: name) ?? number(name, known) }

  /// A model without labels has numbers.
  private static func number(_ text: String, _ known: [String]) -> Int? { known.isEmpty ? Int(text) : nil }

  /// Allocates nothing.
  /// - Parameter owner: only detections of this owner count; of all where nil.
  func holds(in scene: borrowing Scene, owner: Scene.Owner? = nil) -> Bool {
    var (stack, depth) = (UInt64(0), 0)
    for at in 0..<steps.count {
      switch steps[at] {
      case .not: stack ^= 1 << UInt64(depth - 1)
      case .and:
        depth -= 1
        if stack & (1 << UInt64(depth)) == 0 { stack &= ~(1 << UInt64(depth - 1)) }
      case .or:
        depth -= 1
        if stack & (1 << UInt64(depth)) != 0 { stack |= 1 << UInt64(depth - 1) }
      case .some(let selection): push(look(for: selection, in: scene, owner).count > 0, &stack, &depth)
      case .count(let selection, let comparison, let number):
        push(comparison.holds(Float(look(for: selection, in: scene, owner).count), number), &stack, &depth)
      case .area(let selection, let comparison, let number):
        push(comparison.holds(look(for: selection, in: scene, owner).area, number), &stack, &depth)
      }
    }
    return stack & 1 != 0
  }

  private func push(_ value: Bool, _ stack: inout UInt64, _ depth: inout Int) {
    if value { stack |= 1 << UInt64(depth) } else { stack &= ~(1 << UInt64(depth)) }
    depth += 1
  }

  private func look(for selection: Expression.Selection, in scene: borrowing Scene, _ owner: Scene.Owner?) -> (count: Int, area: Float) {
    var (count, area): (Int, Float) = (0, 0)
    for at in 0..<scene.things.count where matches(scene.things[at], selection, owner) {
      count += 1
      area = max(area, scene.things[at].area)
    }
    return (count, area)
  }

  private func matches(_ thing: Scene.Thing, _ selection: Expression.Selection, _ owner: Scene.Owner?) -> Bool {
    guard thing.isReported else { return false }
    if let owner, !thing.belongs(to: owner) { return false }
    if let label = selection.label, labels[label] != thing.label { return false }
    if let comparison = selection.comparison, !comparison.holds(thing.score, selection.score) { return false }
    return thing.regions & selection.inside == selection.inside && thing.regions & selection.outside == 0
      && thing.crossings & selection.crossing == selection.crossing
  }

  /// Whether some selection of it means a thing.
  func means(_ thing: Scene.Thing) -> Bool {
    for at in 0..<steps.count {
      switch steps[at] {
      case .some(let one), .count(let one, _, _), .area(let one, _, _): if matches(thing, one, nil) { return true }
      case .not, .and, .or: break
      }
    }
    return false
  }

  /// The best thing that some selection of it means: what a person will want to look at. For telling only.
  func evidence(in scene: borrowing Scene) -> Int? {
    for at in 0..<steps.count {
      let selection: Expression.Selection
      switch steps[at] {
      case .some(let one), .count(let one, _, _), .area(let one, _, _): selection = one
      case .not, .and, .or: continue
      }
      for thing in 0..<scene.things.count where matches(scene.things[thing], selection, nil) { return thing }
    }
    return nil
  }
}
