using KubeFlex.EndToEnd.Harness;

namespace KubeFlex.EndToEnd.Server;

public sealed class DiskTests
{
    [Fact]
    public async Task A_full_disk_refuses_writes_with_the_cause_and_goes_on_reading_until_there_is_space_again()
    {
        await using var disk = await Tmpfs.MountAsync(24);
        await using var server = await TestServer.StartAsync(Path.Combine(disk.Path, "data"));
        var tenant = await server.CreateControlPlaneAsync("crowded");
        (await server.KubectlAsync(tenant, null, "create", "configmap", "before", "--from-literal=a=b")).Ok();
        disk.Fill();

        var value = new string('x', 200_000);
        CommandResult? refused = null;
        var acknowledged = new List<string>();
        // What the database had in reserve is used up first.
        for (var i = 0; i < 40 && refused is null; i++)
        {
            var result = await server.KubectlAsync(tenant, null, "create", "configmap", $"c{i}", $"--from-literal=v={value[..100_000]}");
            if (result.ExitCode == 0) acknowledged.Add($"configmap/c{i}");
            else refused = result;
        }
        Assert.NotNull(refused);
        // Tenants learn what is the matter, operators where.
        Assert.Contains("the storage is full", refused.Fails(), StringComparison.Ordinal);
        Assert.DoesNotContain(disk.Path, refused.Error, StringComparison.Ordinal);
        Assert.Contains($"no space left for {disk.Path}", server.Said, StringComparison.Ordinal);

        // A control plane is refused as clearly, and reads go on.
        (await Command.RunAsync(Repository.Cli, ["--kubeconfig", server.Kubeconfig, "create", "no-room", "--timeout", "5s"], server.Environment)).Fails();
        Assert.Equal("b", (await server.KubectlAsync(tenant, null, "get", "configmap", "before", "-o", "jsonpath={.data.a}")).Ok());
        Assert.Equal("ok", (await server.KubectlAsync(tenant, null, "get", "--raw", "/livez")).Ok());

        disk.Free();
        (await server.KubectlAsync(tenant, null, "create", "configmap", "after")).Ok();
        (await server.HostingAsync("get", "controlplanes")).Ok();
        await server.CreateControlPlaneAsync("room-again");

        // And what was acknowledged is on the disk.
        var listen = new Uri(server.Url).Authority;
        await server.KillAsync();
        await server.StartProcessAsync(listen);
        var present = (await server.KubectlAsync(tenant, null, "get", "configmaps", "-o", "name")).Ok().Split('\n').ToHashSet(StringComparer.Ordinal);
        Assert.All([.. acknowledged, "configmap/before", "configmap/after"], name => Assert.Contains(name, present));
    }

    [Fact]
    public async Task A_read_only_or_full_data_directory_is_named_with_the_way_out()
    {
        await using var disk = await Tmpfs.MountAsync(1);
        var data = Path.Combine(disk.Path, "data");
        var environment = new Dictionary<string, string?> { ["HOME"] = disk.Path, ["KUBEFLEX_HOME"] = null, ["KUBEFLEX_SERVER"] = Repository.Server, ["KUBECONFIG"] = null };
        Task<CommandResult> ServeAsync() => Command.RunAsync(Repository.Server, ["--data-dir", data, "--listen", "127.0.0.1:0"], environment);

        disk.Fill();
        var full = await ServeAsync();
        Assert.Equal(4, full.ExitCode);
        Assert.Contains(data, full.Fails(), StringComparison.Ordinal);
        disk.Free();

        await disk.MakeReadOnlyAsync();
        var readOnly = await ServeAsync();
        Assert.Equal(4, readOnly.ExitCode);
        Assert.Contains(data, readOnly.Fails(), StringComparison.Ordinal);
        Assert.Contains("--data-dir", readOnly.Error, StringComparison.Ordinal);
        var quickstart = (await Command.RunAsync(Repository.Cli, ["quickstart", "--data-dir", data], environment)).Fails();
        Assert.Contains(data, quickstart, StringComparison.Ordinal);
        Assert.Contains("--data-dir", quickstart, StringComparison.Ordinal);
    }
}
