import Imaging
import ModelManifest
import ObjectDetection

/// Two forms of one model on the same labelled images: what the second one costs, and where.
struct AccuracyComparison {
  /// An image on which the two differ.
  struct Difference {
    var imagePath: String
    var disagreement: Double
    var float: [Detection]
    var quantised: [Detection]
  }

  /// Images that a report shows.
  private static let shownCount = 6

  var report: AccuracyReport
  /// Most different first.
  let worst: [Difference]
  private let manifest: Manifest
  private let forms: ComparedForms

  /// - Parameters: both outcomes on all images of the data set.
  init(
    float: AccuracyMeasurement.Outcome, quantised: AccuracyMeasurement.Outcome, on data: LabelledDataset, _ manifest: Manifest, of forms: ComparedForms
  ) {
    self.manifest = manifest
    self.forms = forms
    report = float.accuracy.report(against: quantised.accuracy, imageCount: data.items.count, manifest: manifest)
    let differences = data.items.indices.map { index in
      let (expected, found) = (float.shown[index], quantised.shown[index])
      return Difference(
        imagePath: data.items[index].imagePath, disagreement: Disagreement.between(expected, found, task: manifest.task), float: expected, quantised: found)
    }
    let ordered = differences.enumerated().sorted {
      $0.element.disagreement == $1.element.disagreement ? $0.offset < $1.offset : $0.element.disagreement > $1.element.disagreement
    }
    worst = Array(ordered.map(\.element).prefix(Self.shownCount).filter { $0.disagreement > 0 })
  }

  var text: String { report.text(of: forms) }

  var json: JSON {
    guard case .object(let members) = report.json else { return report.json }
    let images = worst.map { JSON.object([("image", .string($0.imagePath)), ("disagreement", .number($0.disagreement))]) }
    return .object(members + [("worst_images", .array(images))])
  }

  /// Writes `index.html`, `report.json` and the pictures that the page shows into a folder, in place of an earlier report's.
  func write(to folder: String, title: String) throws {
    try OutputFile.makeFolder(folder)
    let pictures = try writePictures(to: folder)
    let heading = "<h2>Images that differ most: \(HTML.escaped(forms.first)), \(HTML.escaped(forms.second))</h2>\n"
    try OutputFile.write(Array("\(json.text)\n".utf8), to: ImageFolder.path(in: folder, ReportFolder.figures))
    let body = report.html(of: forms) + (pictures.html.isEmpty ? "" : heading + pictures.html)
    try OutputFile.write(Array(HTML.page(title: title, body: body).utf8), to: ImageFolder.path(in: folder, ReportFolder.page))
    try ReportFolder.removePictures(in: folder, except: pictures.names)
  }

  /// Both forms' findings drawn on the images that differ most; what shows them, and their files' names.
  private func writePictures(to folder: String) throws -> (html: String, names: Set<String>) {
    var (html, names) = ("", Set<String>())
    for (index, difference) in worst.enumerated() {
      html += "<h3>\(HTML.escaped(FilePath.name(of: difference.imagePath))), differs by \(DemoTable.decimal(difference.disagreement, 3))</h3>\n<p>"
      for (side, form, found) in [("before", forms.first, difference.float), ("after", forms.second, difference.quantised)] {
        var image = try RGBImage(contentsOf: difference.imagePath)
        image.draw(found, manifest: manifest)
        let file = ReportFolder.picture(index + 1, side)
        try OutputFile.write(image.jpeg(), to: ImageFolder.path(in: folder, file))
        names.insert(file)
        html += "<img src=\"\(file)\" alt=\"\(HTML.escaped(form))\" title=\"\(HTML.escaped(form))\"> "
      }
      html += "</p>\n"
    }
    return (html, names)
  }
}

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
