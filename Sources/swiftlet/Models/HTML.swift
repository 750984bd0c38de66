/// Text as a page that any browser shows.
enum HTML {
  static func escaped(_ text: String) -> String {
    text.reduce(into: "") { result, character in
      switch character {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      default: result.append(character)
      }
    }
  }

  static func page(title: String, body: String) -> String {
    """
    <!DOCTYPE html>
    <html lang="en"><head><meta charset="utf-8"><title>\(escaped(title))</title>
    <style>body{font-family:sans-serif;max-width:80em;margin:2em auto;padding:0 1em}table{border-collapse:collapse}td,th{padding:.2em .8em;text-align:left;border-bottom:1px solid #ccc}td.n{text-align:right}img{max-width:48%}</style>
    </head><body>
    <h1>\(escaped(title))</h1>
    \(body)</body></html>

    """
  }

  /// A table; cells that begin with a digit or a sign stand at the right.
  static func table(_ head: [String], _ rows: [[String]]) -> String {
    let line = { (cells: [String], mark: String) in
      "<tr>"
        + cells.map {
          "<\(mark)\(mark == "td" && ($0.first?.isNumber ?? false || $0.hasPrefix("-") || $0.hasPrefix("+")) ? " class=\"n\"" : "")>\(escaped($0))</\(mark)>"
        }.joined() + "</tr>\n"
    }
    return "<table>\n" + line(head, "th") + rows.map { line($0, "td") }.joined() + "</table>\n"
  }
}
