using System.Text.Json.Nodes;
using KubeFlex.Machinery.Apply;
using static KubeFlex.Machinery.Tests.Apply.Shapes;

namespace KubeFlex.Machinery.Tests.Apply;

public class UpdateTests
{
    [Fact]
    public void Writers_own_what_they_change_and_lose_what_others_change_or_remove()
    {
        var live = Update(null, Map("\"data\":{\"a\":\"1\"}"), "me");
        Assert.Equal("""me/Update {"f:data":{".":{},"f:a":{}}}""", Owners(live));
        live = Update(live, Map("\"data\":{\"a\":\"1\",\"b\":\"2\"}"), "you");
        Assert.Equal("""me/Update {"f:data":{".":{},"f:a":{}}} you/Update {"f:data":{"f:b":{}}}""", Owners(live));
        live = Update(live, Map("\"data\":{\"b\":\"2\"}"), "you", second: 5);
        Assert.Equal("""me/Update {"f:data":{}} you/Update {"f:data":{"f:b":{}}}""", Owners(live));
        Assert.Equal("2026-01-01T00:00:00Z", live["metadata"]!["managedFields"]![1]!["time"]!.GetValue<string>());
        live = Update(live, Map("\"data\":{\"b\":\"3\"}"), "you", second: 7);
        Assert.Equal("2026-01-01T00:00:07Z", live["metadata"]!["managedFields"]![1]!["time"]!.GetValue<string>());

        live = Update(live, Map("\"data\":{\"q\":\"1\"}", ",\"managedFields\":[]"), "me");
        Assert.Equal("""{"name":"c"}""", live["metadata"]!.ToJsonString());
        Assert.Equal("", Owners(Update(live, Map("\"data\":{\"q\":\"2\"}"), "me")));
    }

    [Fact]
    public void Nothing_changed_keeps_the_list_to_the_byte()
    {
        var live = Update(null, Map("\"data\":{\"a\":\"1\"}"), "me");
        var text = live["metadata"]!["managedFields"]!.ToJsonString();
        var same = Update(live, Map("\"data\":{\"a\":\"1\"}", ",\"resourceVersion\":\"9\""), "you", second: 3);
        Assert.Equal(text, same["metadata"]!["managedFields"]!.ToJsonString());
    }

    [Fact]
    public void Structs_of_built_in_kinds_are_nobodys_and_items_are_owned_below_their_key()
    {
        var created = Update(null, Doc("""
            {"apiVersion":"v1","kind":"Service","metadata":{"name":"s"},"spec":{"selector":{"a":"b"},"ports":[{"port":443,"protocol":"TCP"},{"port":80,"protocol":"TCP"}],
            "containers":[{"name":"a","resources":{},"args":["x"],"env":[{"name":"X","value":"1"}]}]},"status":{}}
            """), "unknown");
        Assert.Equal("unknown/Update " + """{"f:spec":{"f:containers":{"k:{\"name\":\"a\"}":{".":{},"f:args":{},"f:env":{".":{},"k:{\"name\":\"X\"}":{".":{},"f:name":{},"f:value":{}}},"f:name":{},"f:resources":{}}},"""
            + "\"" + """f:ports":{".":{},"k:{\"port\":80,\"protocol\":\"TCP\"}":{".":{},"f:port":{},"f:protocol":{}},"k:{\"port\":443,\"protocol\":\"TCP\"}":{".":{},"f:port":{},"f:protocol":{}}},"f:selector":{}}}""", Owners(created));
    }

    [Fact]
    public void Custom_resources_own_their_containers_and_free_form_objects_by_member()
    {
        var created = Doc("""{"apiVersion":"v1","kind":"W","metadata":{"name":"w","labels":{"a":"b"}},"spec":{"size":1,"free":{"x":{"y":[1]},"z":null}}}""");
        FieldManager.Update(null, created, Custom, By("me", "W"));
        Assert.Equal("""me/Update {"f:metadata":{"f:labels":{".":{},"f:a":{}}},"f:spec":{".":{},"f:free":{".":{},"f:x":{".":{},"f:y":{}},"f:z":{}},"f:size":{}}}""", Owners(created));
    }

    [Fact]
    public void Reset_fields_are_not_owned_and_subresources_have_entries_of_their_own()
    {
        var live = Doc("""{"apiVersion":"v1","kind":"Service","metadata":{"name":"s"},"spec":{"replicas":1},"status":{"phase":"x"}}""");
        FieldManager.Update(null, live, Service, By("me", "Service") with { ResetFields = ["status"] });
        Assert.Equal("""me/Update {"f:spec":{"f:replicas":{}}}""", Owners(live));
        var updated = (JsonObject)live.DeepClone();
        updated["status"]!["phase"] = "y";
        // A list in a subresource's request does not count.
        updated["metadata"]!["managedFields"] = new JsonArray();
        FieldManager.Update(live, updated, Service, By("me", "Service", "status") with { ResetFields = ["spec"] });
        Assert.Equal("""me/Update {"f:spec":{"f:replicas":{}}} me/Update/status {"f:status":{"f:phase":{}}}""", Owners(updated));
    }

    [Fact]
    public void At_most_ten_updaters_are_kept_the_oldest_share_an_entry()
    {
        var live = Update(null, Map("\"data\":{}"), "m");
        for (var i = 0; i < 13; i++)
        {
            var next = (JsonObject)live.DeepClone();
            next["data"]![$"k{i:00}"] = "1";
            live = Update(live, next, $"m{i:00}", second: i + 1);
        }
        var list = live["metadata"]!["managedFields"]!.AsArray();
        Assert.Equal(10, list.Count);
        Assert.Equal("ancient-changes", list[0]!["manager"]!.GetValue<string>());
        Assert.Equal("""{"f:data":{".":{},"f:k00":{},"f:k01":{},"f:k02":{},"f:k03":{}}}""", list[0]!["fieldsV1"]!.ToJsonString());
        Assert.Equal("2026-01-01T00:00:04Z", list[0]!["time"]!.GetValue<string>());
    }
}
