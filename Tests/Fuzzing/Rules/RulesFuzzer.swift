import Inspection

/// One input of libFuzzer: whatever the text, the parser gives an expression within its bounds or a mistake with a column in it, and an expression that was
/// read is read again as the same.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ start: UnsafePointer<UInt8>, _ count: Int) -> CInt {
  let text = unsafe String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
  do throws(InspectionError) {
    let expression = try Expression(parsing: text, regions: ["belt", "edge"], lines: ["exit"])
    guard try Expression(parsing: text, regions: ["belt", "edge"], lines: ["exit"]) == expression else { fatalError("it reads otherwise") }
    var settings = InspectionSettings()
    settings.rules = [RuleSettings(name: "r", when: expression)]
    _ = try InspectionPlan(settings, labels: ["part", "defect"], isClassification: count % 2 == 0, threshold: 0.5)
  } catch {
    guard error.column <= text.count + 1, !error.message.isEmpty else { fatalError("a mistake beyond the text") }
  }
  return 0
}
