import ModelGraph
import Tensors

/// Values that share an 8-bit form: a disjoint-set forest whose roots know the range of all members.
struct FormGroups {
  private struct Group {
    var range: ClosedRange<Float>
    /// The finest step that a member would have by itself.
    var finestScale: Float
    /// Whether the form may not change.
    var isFixed: Bool
    var form: StoredQuantisation
  }

  private var parents: [Int]
  private var groups: [Group?]

  /// How much coarser than by itself a value may be stored for the sake of sharing.
  private static let largestCoarsening: Float = 2

  init(count: Int) {
    parents = Array(0..<count)
    groups = [Group?](repeating: nil, count: count)
  }

  /// Gives a value, in no group yet, a form of its own; nil leaves it float.
  mutating func set(_ form: StoredQuantisation?, of value: Int, isFixed: Bool) {
    groups[value] = form.flatMap { form in
      let quantisation = form.quantisation
      // 16 bits, which only stand inside an instruction, keep what they are.
      guard let integers = form.elementType.eightBitRange else { return Group(range: 0...0, finestScale: 0, isFixed: true, form: form) }
      return Group(
        range: quantisation.dequantised(integers.lowerBound)...quantisation.dequantised(integers.upperBound), finestScale: quantisation.scale,
        isFixed: isFixed, form: form)
    }
  }

  /// Puts a value without a form into another's group.
  mutating func follow(_ value: Int, _ source: Int) {
    guard root(of: value) == value, groups[value] == nil else { return }
    parents[value] = root(of: source)
  }

  /// Makes one group of two, if both have forms and neither loses more than it may.
  mutating func join(_ first: Int, _ second: Int) {
    let (a, b) = (root(of: first), root(of: second))
    guard a != b, let one = groups[a], let other = groups[b], one.form.elementType == other.form.elementType else { return }
    if one.form == other.form {
      var group = one
      group.isFixed = one.isFixed || other.isFixed
      group.finestScale = min(one.finestScale, other.finestScale)
      return merge(b, into: a, group)
    }
    guard !one.isFixed, !other.isFixed else { return }
    let range = min(one.range.lowerBound, other.range.lowerBound)...max(one.range.upperBound, other.range.upperBound)
    let form = StoredQuantisation.covering(range, as: one.form.elementType)
    let finest = min(one.finestScale, other.finestScale)
    guard form.quantisation.scale <= finest * Self.largestCoarsening else { return }
    merge(b, into: a, Group(range: range, finestScale: finest, isFixed: false, form: form))
  }

  private mutating func merge(_ child: Int, into parent: Int, _ group: Group) {
    parents[child] = parent
    groups[child] = nil
    groups[parent] = group
  }

  func form(of value: Int) -> StoredQuantisation? { groups[root(of: value)]?.form }

  private func root(of value: Int) -> Int {
    var root = value
    while parents[root] != root { root = parents[root] }
    return root
  }
}
