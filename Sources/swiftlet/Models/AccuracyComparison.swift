import Imaging
import ModelManifest
import ObjectDetection
import Transcription

/// Two forms of one model on the same labelled images or sounds: what the second one costs, and where.
struct AccuracyComparison {
  /// An image or a sound on which the two differ.
  struct Difference {
    var path: String
    var disagreement: Double
    /// What is spoken in a sound; nil where the pictures or the classes show what is true.
    var said: String?
    var float: AccuracyOutcome.Shown
    var quantised: AccuracyOutcome.Shown
  }

  /// Images or sounds that a report shows.
  private static let shownCount = 6

  var report: AccuracyReport
  /// Most different first.
  let worst: [Difference]
  private let manifest: Manifest
  private let forms: ComparedForms

  /// - Parameters: both outcomes on all of the set.
  init(float: AccuracyOutcome, quantised: AccuracyOutcome, on data: EvaluationSet, _ manifest: Manifest, of forms: ComparedForms) {
    self.manifest = manifest
    self.forms = forms
    let paths = data.paths
    report = float.accuracy.report(against: quantised.accuracy, count: paths.count, of: data.sample, manifest: manifest)
    let differences = paths.indices.map { index in
      let (expected, found) = (float.shown[index], quantised.shown[index])
      return Difference(
        path: paths[index], disagreement: expected.disagreement(with: found, task: manifest.task), said: data.said(in: index), float: expected,
        quantised: found)
    }
    let ordered = differences.enumerated().sorted {
      $0.element.disagreement == $1.element.disagreement ? $0.offset < $1.offset : $0.element.disagreement > $1.element.disagreement
    }
    worst = Array(ordered.map(\.element).prefix(Self.shownCount).filter { $0.disagreement > 0 })
  }

  var text: String { report.text(of: forms) + (report.sample == .sound ? soundsText : "") }

  /// Both forms' texts for the sounds that differ most.
  private var soundsText: String {
    let names = [forms.first, forms.second, "said"]
    let width = names.map(\.count).max()! + 1
    let line = { (name: String, text: String) in "    \(name):\(String(repeating: " ", count: width - name.count))\(text)\n" }
    return worst.reduce("") { text, difference in
      text + "  \(difference.path)\n" + (difference.said.map { line("said", $0) } ?? "") + line(forms.first, difference.float.text(manifest))
        + line(forms.second, difference.quantised.text(manifest))
    }
  }

  var json: JSON {
    guard case .object(let members) = report.json else { return report.json }
    guard report.sample == .sound else {
      let images = worst.map { JSON.object([("image", .string($0.path)), ("disagreement", .number($0.disagreement))]) }
      return .object(members + [("worst_images", .array(images))])
    }
    let sounds = worst.map {
      JSON.object([
        ("sound", .string($0.path)), ("disagreement", .number($0.disagreement)), ("said", $0.said.map { .string($0) } ?? .null),
        ("float", .string($0.float.text(manifest))), ("quantised", .string($0.quantised.text(manifest))),
      ])
    }
    return .object(members + [("worst_sounds", .array(sounds))])
  }

  /// Writes `index.html`, `report.json` and the pictures that the page shows into a folder, in place of an earlier report's.
  func write(to folder: String, title: String) throws {
    try OutputFile.makeFolder(folder)
    let (shown, pictures) = report.sample == .sound ? (soundsTable, []) : try writePictures(to: folder)
    let kind = report.sample == .sound ? "Sounds" : "Images"
    let heading = "<h2>\(kind) that differ most: \(HTML.escaped(forms.first)), \(HTML.escaped(forms.second))</h2>\n"
    try OutputFile.write(Array("\(json.text)\n".utf8), to: ImageFolder.path(in: folder, ReportFolder.figures))
    let body = report.html(of: forms) + (shown.isEmpty ? "" : heading + shown)
    try OutputFile.write(Array(HTML.page(title: title, body: body).utf8), to: ImageFolder.path(in: folder, ReportFolder.page))
    try ReportFolder.removePictures(in: folder, except: pictures)
  }

  private var soundsTable: String {
    guard !worst.isEmpty else { return "" }
    return HTML.table(
      ["sound", "said", forms.first, forms.second, "differs by"],
      worst.map {
        [$0.path, $0.said ?? "", $0.float.text(manifest), $0.quantised.text(manifest), DemoTable.decimal($0.disagreement, 3)]
      })
  }

  /// Both forms' findings drawn on the images that differ most; what shows them, and their files' names.
  private func writePictures(to folder: String) throws -> (html: String, names: Set<String>) {
    var (html, names) = ("", Set<String>())
    for (index, difference) in worst.enumerated() {
      html += "<h3>\(HTML.escaped(FilePath.name(of: difference.path))), differs by \(DemoTable.decimal(difference.disagreement, 3))</h3>\n<p>"
      for (side, form, shown) in [("before", forms.first, difference.float), ("after", forms.second, difference.quantised)] {
        var image = try RGBImage(contentsOf: difference.path)
        if case .found(let found) = shown { image.draw(found, manifest: manifest) }
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

extension AccuracyOutcome.Shown {
  /// 0 where both are the same, 1 where they have nothing in common.
  func disagreement(with other: Self, task: Manifest.Task) -> Double {
    switch (self, other) {
    case (.found(let one), .found(let other)): return Disagreement.between(one, other, task: task)
    case (.heard(let one), .heard(let other)):
      let (one, other) = (SpeechNormalisation.words(one), SpeechNormalisation.words(other))
      return Double(EditCounts.between(said: one, heard: other).edits) / Double(max(one.count, other.count, 1))
    default: return 1
    }
  }

  /// Of a sound: what is heard, or the likeliest class.
  fileprivate func text(_ manifest: Manifest) -> String {
    switch self {
    case .heard(let text): text
    case .found(let ranking): ranking.first.map { "\(manifest.label($0.label)) \(DemoTable.decimal(Double($0.score), 3))" } ?? ""
    }
  }
}
