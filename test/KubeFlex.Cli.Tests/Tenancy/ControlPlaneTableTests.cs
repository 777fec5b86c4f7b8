using System.Text.Json.Nodes;
using KubeFlex.Cli.Tenancy;

namespace KubeFlex.Cli.Tests.Tenancy;

public sealed class ControlPlaneTableTests
{
    [Fact]
    public void Columns_are_found_by_name_wherever_they_stand()
    {
        var rows = ControlPlaneTable.Rows(JsonNode.Parse("""
            {"kind":"Table","columnDefinitions":[{"name":"Name"},{"name":"EXTRA"},{"name":"TYPE"},{"name":"SYNCED"},{"name":"READY"},{"name":"AGE"}],
             "rows":[{"cells":["a","?","k8s","True","False","5m"]},{"cells":["b",null,"host",null,null,"<unknown>"]}]}
            """)!.AsObject());
        Assert.Equal([["a", "True", "False", "k8s", "5m"], ["b", "", "", "host", "<unknown>"]], rows);
    }

    [Theory]
    [InlineData("""{"kind":"ControlPlaneList","items":[]}""")]
    [InlineData("""{"kind":"Table","columnDefinitions":[{"name":"Name"},{"name":"Created At"}],"rows":[]}""")]
    public void What_is_no_such_table_gives_none(string answer) => Assert.Null(ControlPlaneTable.Rows(JsonNode.Parse(answer)!.AsObject()));
}
