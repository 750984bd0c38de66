import EdgeAgent
import Testing

@Suite struct PageConfigurationTests {
  private func read(_ rest: String) throws -> ConfigurationReading {
    let folder = try TemporaryFolder()
    _ = try folder.file("m.swiftlet")
    let text = "device: {id: a, site: b}\ncameras: {top: {source: simulated:conveyor}}\npipelines: {p: {camera: top, model: m.swiftlet}}\n\(rest)\n"
    return AgentConfiguration.read(Array(text.utf8), file: folder.path + "/f.yaml")
  }

  @Test func `there is no page unless it is asked for, and then on loopback`() throws {
    #expect(try #require(read("").configuration).page == nil)
    let reading = try read("page: {}")
    #expect(reading.configuration?.page?.address.description == "127.0.0.1:9464")
    #expect(reading.warnings.isEmpty)
    #expect(try read("page: {listen: \"[::1]:80\"}").configuration?.page?.address.description == "[::1]:80")
  }

  @Test func `an address that others reach is written so, and warned of`() throws {
    let reading = try read("page: {listen: \"0.0.0.0:9464\"}")
    #expect(reading.configuration?.page != nil)
    #expect(reading.warnings.count == 1 && reading.warnings[0].description.contains("without a password and unencrypted"))
  }

  @Test(arguments: ["{listen: 9464}", "{listen: \"page.example:1\"}", "{listen: \"127.0.0.1:0\"}", "{listen: }", "{port: 1}", "true"])
  func `what can't be listened on is a mistake with its line`(page: String) throws {
    let mistakes = try read("page: \(page)").mistakes
    #expect(mistakes.count == 1 && mistakes[0].line == 4, "\(mistakes)")
  }

  @Test func `degradation is on by itself, and bounded`() throws {
    #expect(try #require(read("").configuration).degradation == DegradationSettings())
    let settings = try #require(read("degradation: {temperature: 80, memory_pressure: 10, zones: [cpu-thermal]}").configuration).degradation
    #expect(settings.isEnabled && settings.temperature == 80 && settings.memoryPressure == 10 && settings.zones == ["cpu-thermal"])
    #expect(try #require(read("degradation: {enabled: false}").configuration).degradation.isEnabled == false)
    for bad in ["{temperature: 10}", "{temperature: 200}", "{memory_pressure: 0}", "{steps: 3}", "{enabled: perhaps}", "{zones: cpu}"] {
      #expect(try read("degradation: \(bad)").mistakes.count == 1, "\(bad)")
    }
  }
}
