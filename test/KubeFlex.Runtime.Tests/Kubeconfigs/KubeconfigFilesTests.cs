using KubeFlex.Runtime.Kubeconfigs;

namespace KubeFlex.Runtime.Tests.Kubeconfigs;

public sealed class KubeconfigFilesTests : IDisposable
{
    private const string First = """
        contexts:
        - name: shared
          context: {cluster: one, user: u1}
        clusters:
        - name: one
          cluster: {server: "https://one.example", certificate-authority: ca/one.crt}
        """;

    private const string Second = """
        current-context: second
        contexts:
        - name: shared
          context: {cluster: two, user: u2}
        - name: second
          context: {cluster: two, user: u2}
        clusters:
        - name: two
          cluster: {server: "https://two.example"}
        users:
        - name: u2
          user: {token: t}
        """;

    private readonly TemporaryDirectory directory = new();

    public void Dispose() => directory.Dispose();

    [Fact]
    public void Explicit_file_wins_over_the_variable_and_that_over_home()
    {
        Assert.Equal(["/x/k"], KubeconfigPaths.Resolve("/x/k", "/a:/b", "/home/u").Files);
        Assert.Equal(["/a", "/b"], KubeconfigPaths.Resolve(null, $"/a{Path.PathSeparator}{Path.PathSeparator}/b{Path.PathSeparator}/a", "/home/u").Files);
        Assert.Equal(["/home/u/.kube/config"], KubeconfigPaths.Resolve("", "", "/home/u").Files);
    }

    [Fact]
    public void The_first_file_that_has_an_entry_wins()
    {
        var config = Stores.Of(directory.Write("a", First), directory.Write("b", Second)).Load();
        Assert.Equal("one", config.FindContext("shared")?.Cluster);
        Assert.Equal("second", config.CurrentContext);
        Assert.Equal("https://two.example", config.ServerOf("second"));
        Assert.Equal(["shared", "second"], config.Names(KubeconfigSection.Contexts));
        Assert.Equal(directory.File("ca/one.crt"), config.ResolvePath(KubeconfigSection.Clusters, "one", "ca/one.crt"));
    }

    [Fact]
    public async Task Entries_change_where_they_stand_and_new_ones_go_to_the_first_file_that_exists()
    {
        var (missing, a, b) = (directory.File("missing"), directory.Write("a", First), directory.Write("b", Second));
        var untouched = File.ReadAllText(a);
        await Stores.Of(missing, a, b).EditAsync(c => c.Find(KubeconfigSection.Users, "u2")!["token"] = "new", default);
        Assert.Equal(untouched, File.ReadAllText(a));
        Assert.Equal("new", (string?)Stores.Read(b)["users"]![0]!["user"]!["token"]);

        await Stores.Of(missing, a, b).EditAsync(c => c.Ensure(KubeconfigSection.Users, "u9")["token"] = "x", default);
        Assert.Equal("u9", (string?)Stores.Read(a)["users"]![0]!["name"]);
        Assert.False(File.Exists(missing));
    }

    [Fact]
    public async Task Without_any_file_the_last_one_is_made()
    {
        var (a, b) = (directory.File("sub/a"), directory.File("sub/b"));
        await Stores.Of(a, b).EditAsync(c => c.CurrentContext = "x", default);
        Assert.False(File.Exists(a));
        Assert.Equal("x", Stores.Of(a, b).Load().CurrentContext);
        Assert.Equal("Config", (string?)Stores.Read(b)["kind"]);
    }

    [Fact]
    public async Task Removing_an_entry_does_not_uncover_one_behind_it()
    {
        var store = Stores.Of(directory.Write("a", First), directory.Write("b", Second));
        await store.EditAsync(c => c.Remove(KubeconfigSection.Contexts, "shared"), default);
        Assert.Null(store.Load().FindContext("shared"));
    }

    [Theory]
    [InlineData("clusters: [\n  oops: {")]
    [InlineData("just a text")]
    [InlineData("contexts: {not: a list}")]
    [InlineData("users:\n- user: {token: nameless}\n")]
    public async Task A_corrupt_file_is_named_and_never_overwritten(string content)
    {
        var file = directory.Write("config", content);
        var failure = await Assert.ThrowsAsync<KubeconfigException>(() => Stores.Of(file).EditAsync(c => c.CurrentContext = "x", default));
        Assert.Contains(file, failure.Message, StringComparison.Ordinal);
        Assert.NotEmpty(failure.WayOut);
        Assert.Equal(content, File.ReadAllText(file));
        Assert.False(File.Exists(file + ".lock"));
    }

    [Fact]
    public async Task A_file_with_a_key_that_stands_twice_is_read_but_not_written()
    {
        var file = directory.Write("config", "current-context: a\ncurrent-context: b\n");
        try
        {
            Assert.Equal("b", Stores.Of(file).Load().CurrentContext);
        }
        catch (KubeconfigException)
        {
            // Refusing to read it is as safe.
        }
        await Assert.ThrowsAsync<KubeconfigException>(() => Stores.Of(file).EditAsync(c => c.CurrentContext = "x", default));
        Assert.Equal("current-context: a\ncurrent-context: b\n", File.ReadAllText(file));
    }

    [Fact]
    public void A_directory_in_its_place_is_told_as_such()
    {
        var path = Directory.CreateDirectory(directory.File("config")).FullName;
        var failure = Assert.Throws<KubeconfigException>(() => Stores.Of(path).Load());
        Assert.Equal($"the kubeconfig {path} is a directory", failure.Message);
    }

    [Fact]
    public async Task An_empty_file_is_an_empty_kubeconfig()
    {
        var store = Stores.Of(directory.Write("config", "# nothing yet\n---\n"));
        await store.EditAsync(c => c.CurrentContext = "x", default);
        Assert.Equal("x", store.Load().CurrentContext);
    }

    [Fact]
    public async Task A_symbolic_link_stays_one_and_the_file_is_private()
    {
        if (OperatingSystem.IsWindows()) return;
        var target = directory.Write("real", Second);
        File.SetUnixFileMode(target, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        var link = directory.File("link");
        File.CreateSymbolicLink(link, target);
        await Stores.Of(link).EditAsync(c => c.CurrentContext = "shared", default);
        Assert.NotNull(new FileInfo(link).LinkTarget);
        Assert.Equal("shared", (string?)Stores.Read(target)["current-context"]);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(target));
    }

    [Fact]
    public async Task Nothing_is_written_when_nothing_changes()
    {
        // A comment would not survive writing.
        var file = directory.Write("config", "# mine\n" + Second);
        await Stores.Of(file).EditAsync(c => c.CurrentContext = "second", default);
        Assert.StartsWith("# mine", File.ReadAllText(file), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_edit_that_fails_changes_nothing()
    {
        var file = directory.Write("config", Second);
        await Assert.ThrowsAsync<InvalidOperationException>(() => Stores.Of(file).EditAsync(c =>
        {
            c.CurrentContext = "shared";
            throw new InvalidOperationException();
        }, default));
        Assert.Equal(Second, File.ReadAllText(file));
        Assert.Equal([file], Directory.GetFiles(directory.Path));
    }

    [Fact]
    public async Task Writers_at_the_same_time_lose_nothing()
    {
        var file = directory.Write("config", Second);
        await Task.WhenAll(Enumerable.Range(0, 24).Select(i => Task.Run(() =>
            Stores.Of(file).EditAsync(c => c.Ensure(KubeconfigSection.Users, $"user-{i}")["token"] = $"{i}", default))));
        var users = Stores.Of(file).Load().Names(KubeconfigSection.Users);
        Assert.Equal(25, users.Count);
        Assert.Equal([file], Directory.GetFiles(directory.Path));
    }

    [Fact]
    public async Task A_lock_that_stays_is_reported_with_the_way_out()
    {
        var file = directory.Write("config", Second);
        File.WriteAllText(file + ".lock", "");
        var store = new KubeconfigStore(KubeconfigPaths.Resolve(file, null, ""), new HurriedTime());
        var failure = await Assert.ThrowsAsync<KubeconfigException>(() => store.EditAsync(c => c.CurrentContext = "shared", default));
        Assert.Contains($"rm {file}.lock", failure.WayOut, StringComparison.Ordinal);
        Assert.Equal(Second, File.ReadAllText(file));
        Assert.True(File.Exists(file + ".lock"));
    }

    /// <summary>Every look at the clock is a second later; delays take no time.</summary>
    private sealed class HurriedTime : TimeProvider
    {
        private long seconds;

        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => Interlocked.Increment(ref seconds);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => System.CreateTimer(callback, state, TimeSpan.Zero, period);
    }
}
