import JSONReading
import Testing

@testable import swiftlet

@Suite struct StatusReportTests {
  private func text(_ members: String) throws -> String {
    try #require(StatusReport(JSONParser.parse(Array("{\"schema\":\"swiftlet/status/1\",\(members)}".utf8)))).text
  }

  @Test func `each part has its line`() throws {
    let text = try text(
      """
      "version":"1.2","site":"s","device":"d","uptime_s":7300,"summary":"all is well","cameras":[{"name":"top","source":"v4l2:/dev/video0",
      "state":"streaming","width":640,"height":480,"format":"YUYV","delivered":12,"lost":{"missed":3,"short":0}}],"pipelines":[{"name":"surface",
      "camera":"top","state":"running","model":{"name":"m","version":"1"},"frame_rate":29.94,"processed":11,"dropped":{"replaced":0},
      "left_out":{"strained":4},"latency_ms":{"total":{"p50":10.04,"p99":null}}}],"outbox":{"waiting":2,"bytes":1000000,"limit_bytes":256000000,
      "accepted":9,"delivered":7},"broker":{"state":"connected to x"},"machine":{"temperatures":[{"zone":"cpu","celsius":51.5}],"memory":{}},
      "clock":"synchronised","degradation":{"step":2,"reasons":["hot"]},"updates":{"models":{"m":{"active":{"version":"1"},"candidate":null,
      "last":{"version":"2","outcome":"refused","at":"2026","reason":"worse"}}}}
      """)
    let lines = text.split(separator: "\n").map(String.init)
    #expect(lines.count == 8)
    #expect(lines[0] == "device    d at s, version 1.2, up 2 h")
    #expect(lines[2] == "top       camera v4l2:/dev/video0, streaming, 640x480 YUYV, 12 frames, lost: 3 missed")
    #expect(lines[3] == "surface   pipeline on top, running, model m 1, 29.9 frames/s, 11 processed, p50 10.0 ms, p99 – ms, left out: 4 strained")
    #expect(lines[4] == "queue     2 messages, 1.0 MB of 256.0 MB, 9 recorded, 7 delivered since the start")
    #expect(lines[6] == "machine   cpu 51.5 °C, clock synchronised, strained, at most one frame in 4 is processed: hot")
    #expect(lines[7] == "update m  runs 1, last update 2 refused at 2026: worse")
  }

  @Test func `gates and decisions are told as the page tells them`() throws {
    let text = try text(
      """
      "pipelines":[{"name":"surface","camera":"top","state":"running","model":{"name":"m","version":"2"},"lighter":true,"mean_batch":2.5,"frame_rate":1,
      "processed":11,"decisions":{"events":2,"passed":5,"rejected":1,"unjudged":0,"unowned":4,"overfull":0},"dropped":{},"left_out":{}}],
      "gates":[{"name":"reject","pipeline":"surface","state":"away","reason":"no such device","passes":5,"rejects":1,"unplaced":0,"failed":3}]
      """)
    let lines = text.split(separator: "\n").map(String.init)
    #expect(
      lines[2].contains(
        "its lighter model m 2, 1.0 frames/s, 11 processed, p50 – ms, p99 – ms, 2.5 frames a run, decided: 2 events, 5 passed, 1 rejected, 4 reasons to reject were on no part"
      ))
    #expect(lines[3] == "reject   gate of surface, away, no such device, ordered: 5 to pass, 1 to be rejected, 3 failed orders")
  }

  @Test func `what isn't there or isn't understood breaks nothing`() throws {
    #expect(try text("\"x\":1").contains("broker   none"))
    #expect(try text("\"cameras\":{},\"pipelines\":[1,null],\"degradation\":{\"step\":1e14}").contains("queue"))
    #expect(StatusReport(.object(["schema": .string("other")])) == nil)
    #expect(try text("\"summary\":\"a\\u001b[2Jb\"").contains("a\u{FFFD}[2Jb"))
  }
}
