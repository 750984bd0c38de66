/// How one sequence becomes another by the fewest changes (Levenshtein 1966).
public struct EditCounts: Equatable, Sendable {
  public var substitutions = 0
  /// Left out of what was said.
  public var deletions = 0
  /// Put in beside what was said.
  public var insertions = 0
  /// Elements that were said.
  public var length = 0

  public init() {}

  public var edits: Int { substitutions + deletions + insertions }

  public static func += (sum: inout EditCounts, other: EditCounts) {
    sum.substitutions += other.substitutions
    sum.deletions += other.deletions
    sum.insertions += other.insertions
    sum.length += other.length
  }

  /// The fewest changes that make `heard` of `said`; among equals, a substitution before a deletion before an insertion.
  ///
  /// Time grows with the length times the number of changes (a band around the diagonal that doubles until it holds the answer; Ukkonen 1985),
  /// memory with the length.
  public static func between<Element: Equatable>(said: [Element], heard: [Element]) -> EditCounts {
    var width = max(abs(said.count - heard.count), 16)
    while true {
      let counts = within(width, said, heard)
      if counts.edits <= width { return counts }
      width *= 2
    }
  }

  /// A path's counts; one that leaves the band is never the best.
  private struct Path {
    var edits: Int32
    var substitutions: Int32 = 0
    var deletions: Int32 = 0
    var insertions: Int32 = 0
    static let none = Path(edits: .max / 2)
  }

  private static func within<Element: Equatable>(_ width: Int, _ said: [Element], _ heard: [Element]) -> EditCounts {
    // Position p of row i is column i − width + p.
    let places = 2 * width + 1
    var row = [Path](repeating: .none, count: places)
    for place in width..<places where place - width <= heard.count {
      row[place] = Path(edits: Int32(place - width), insertions: Int32(place - width))
    }
    for index in 1..<said.count + 1 {
      var next = [Path](repeating: .none, count: places)
      for place in 0..<places {
        let column = index - width + place
        guard 0...heard.count ~= column else { continue }
        var best = Path.none
        if column > 0 {
          best = row[place]
          if said[index - 1] != heard[column - 1] {
            best.edits += 1
            best.substitutions += 1
          }
        }
        if place + 1 < places, row[place + 1].edits + 1 < best.edits {
          best = row[place + 1]
          best.edits += 1
          best.deletions += 1
        }
        if column > 0, place > 0, next[place - 1].edits + 1 < best.edits {
          best = next[place - 1]
          best.edits += 1
          best.insertions += 1
        }
        next[place] = best
      }
      row = next
    }
    let best = row[heard.count - said.count + width]
    var counts = EditCounts()
    (counts.substitutions, counts.deletions, counts.insertions) = (Int(best.substitutions), Int(best.deletions), Int(best.insertions))
    counts.length = said.count
    return counts
  }
}
