/// A pattern for target paths (PATHPATTERN, §4.5): `*` is any run of characters, `?` is any one, `[…]` one of a set or, with `!`,
/// one outside it; none of them stands for a `/`.
public struct PathPattern: Equatable, Sendable {
  private enum Part: Equatable {
    case character(Unicode.Scalar)
    case anyCharacter
    case anyRun
    case set([ClosedRange<Unicode.Scalar>], isInverted: Bool)

    /// Whether one character is what this part stands for.
    func takes(_ scalar: Unicode.Scalar) -> Bool {
      switch self {
      case .character(let own): own == scalar
      case .anyCharacter: true
      case .anyRun: false
      case .set(let ranges, let isInverted): ranges.contains { $0.contains(scalar) } != isInverted
      }
    }
  }

  public let text: String
  /// One list between two slashes.
  private let segments: [[Part]]

  public init(_ text: String) {
    self.text = text
    segments = Self.split(text).map(Self.parse)
  }

  public func matches(_ path: String) -> Bool {
    let parts = Self.split(path)
    return parts.count == segments.count && zip(segments, parts).allSatisfy { Self.matches($0, $1) }
  }

  private static func split(_ text: String) -> [[Unicode.Scalar]] {
    text.unicodeScalars.split(separator: "/", omittingEmptySubsequences: false).map(Array.init)
  }

  private static func parse(_ segment: [Unicode.Scalar]) -> [Part] {
    var parts: [Part] = []
    var position = 0
    while position < segment.count {
      let scalar = segment[position]
      position += 1
      switch scalar {
      case "*": if parts.last != .anyRun { parts.append(.anyRun) }
      case "?": parts.append(.anyCharacter)
      case "[":
        if let (set, end) = set(in: segment, from: position) {
          parts.append(set)
          position = end
        } else {
          parts.append(.character(scalar))
        }
      default: parts.append(.character(scalar))
      }
    }
    return parts
  }

  /// - Returns: nil where the bracket isn't closed, and so stands for itself.
  private static func set(in segment: [Unicode.Scalar], from start: Int) -> (Part, end: Int)? {
    var position = start
    let isInverted = position < segment.count && segment[position] == "!"
    if isInverted { position += 1 }
    let first = position
    var ranges: [ClosedRange<Unicode.Scalar>] = []
    while position < segment.count {
      let scalar = segment[position]
      // A bracket right at the beginning is a member.
      if scalar == "]", position > first { return (.set(ranges, isInverted: isInverted), position + 1) }
      if position + 2 < segment.count, segment[position + 1] == "-", segment[position + 2] != "]" {
        if scalar <= segment[position + 2] { ranges.append(scalar...segment[position + 2]) }
        position += 3
      } else {
        ranges.append(scalar...scalar)
        position += 1
      }
    }
    return nil
  }

  /// Tries the shortest run for each `*`, and goes back to the last one alone: the time grows with the product of the lengths.
  private static func matches(_ parts: [Part], _ text: [Unicode.Scalar]) -> Bool {
    var (part, character) = (0, 0)
    var retry: (part: Int, character: Int)?
    while character < text.count {
      if part < parts.count, parts[part].takes(text[character]) {
        part += 1
        character += 1
      } else if part < parts.count, parts[part] == .anyRun {
        part += 1
        retry = (part, character)
      } else if let last = retry {
        (part, character) = (last.part, last.character + 1)
        retry = (part, character)
      } else {
        return false
      }
    }
    return parts[part...].allSatisfy { $0 == .anyRun }
  }
}
