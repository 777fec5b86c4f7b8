using KubeFlex.History.Driving;
using KubeFlex.History.Fuzzing;

namespace KubeFlex.History.Tests.Fuzzing;

public sealed class ProtocolFuzzerTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Nothing_that_is_sent_stops_the_server()
    {
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var folder = Directory.CreateTempSubdirectory("kubeflex-fuzz-");
        try
        {
            await using var server = new ServerProcess(Repository.Server, "sqlite:" + Path.Combine(folder.FullName, "data.db"), folder.FullName);
            await server.StartAsync(TestContext.Current.CancellationToken);
            await new ProtocolFuzzer(server, seed).RunAsync(800, TestContext.Current.CancellationToken);
            // A failure that nobody expected is logged.
            Assert.DoesNotContain("fail:", server.Said, StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(true);
        }
    }
}
