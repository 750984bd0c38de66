extension String {
  /// Text of others, fit for one line of a log, a file or a terminal: what would move the cursor, break the line, or hide or reorder what
  /// stands beside it (control and format characters, separators of lines and paragraphs) becomes U+FFFD, which shows that something was there.
  ///
  /// - Parameter limit: how many Unicode scalars are kept.
  public func inOneLine(limit: Int) -> String {
    var line = UnicodeScalarView()
    for scalar in unicodeScalars.prefix(limit) {
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator: line.append("\u{FFFD}")
      default: line.append(scalar)
      }
    }
    return String(line)
  }
}
