using static KubeFlex.Storage.Tests.Support.Words;
using KubeFlex.Storage.Tests.Support;

namespace KubeFlex.Storage.Tests.Faults;

/// <summary>Files that cannot be what they should be: a sentence with the file and the way out.</summary>
public sealed class OpeningTests
{
    private static async Task RefusedAsync(string path, string words)
    {
        var error = await Assert.ThrowsAsync<StorageException>(() => Datastore.OpenSqliteAsync(path, new(), default));
        Assert.Equal(StorageFailure.Unavailable, error.Failure);
        Assert.StartsWith(path, error.Message, StringComparison.Ordinal);
        Assert.Contains(words, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_second_opening_is_refused_until_the_first_is_closed()
    {
        await using var test = await TestDatastore.OpenAsync();
        await RefusedAsync(test.Path, "is in use by another KubeFlex server");
        await test.ReopenAsync();
    }

    [Fact]
    public async Task A_file_that_is_no_database()
    {
        await using var test = new TestDatastore();
        await File.WriteAllTextAsync(test.Path, string.Join(' ', Enumerable.Repeat("this is a letter, not a database", 500)));
        var before = await File.ReadAllBytesAsync(test.Path);
        await RefusedAsync(test.Path, "is not a SQLite database or is corrupt");
        Assert.Equal(before, await File.ReadAllBytesAsync(test.Path));
    }

    [Fact]
    public async Task A_file_that_is_damaged_inside()
    {
        await using var test = await TestDatastore.OpenAsync();
        var store = await test.StoreAsync();
        await Task.WhenAll(Enumerable.Range(0, 2000).Select(i => store.PutAsync($"k{i}", new('x', 500))));
        await test.Datastore.DisposeAsync();
        await using (var file = File.OpenWrite(test.Path))
        {
            // Behind the first pages of all tables: one of those is noticed at the opening.
            file.Position = 16 * 4096;
            await file.WriteAsync(new byte[(int)Math.Min(file.Length - file.Position, 1 << 20)]);
        }
        await using var datastore = await Datastore.OpenSqliteAsync(test.Path, new(), default);
        var error = await Assert.ThrowsAsync<StorageException>(async () => await (await datastore.OpenStoreAsync("test", default)).GetAsync("k1"));
        Assert.Contains("is corrupt", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_programs_database_and_a_newer_versions()
    {
        await using var test = new TestDatastore();
        RawDatabase.Execute(test.Path, "create table photos (id integer)");
        await RefusedAsync(test.Path, "is a SQLite database of another program");
        File.Delete(test.Path);
        await test.ReopenAsync();
        await test.Datastore.DisposeAsync();
        RawDatabase.Execute(test.Path, "pragma user_version=99");
        await RefusedAsync(test.Path, "was written by a newer KubeFlex");
    }

    [Fact]
    public async Task A_directory_that_cannot_be_written_to()
    {
        await using var test = new TestDatastore();
        await File.WriteAllTextAsync(Path.Combine(test.Folder, "file"), "");
        await RefusedAsync(Path.Combine(test.Folder, "file", "data.db"), "cannot be opened");
        // Root may write into any directory of ours, but not there.
        if (OperatingSystem.IsLinux()) await RefusedAsync("/proc/kubeflex/data.db", "cannot be opened");
        if (OperatingSystem.IsWindows() || Environment.IsPrivilegedProcess) return;
        File.SetUnixFileMode(test.Folder, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        await RefusedAsync(test.Path, "cannot be opened");
        File.SetUnixFileMode(test.Folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    [Fact]
    public async Task Files_are_for_their_owner_alone()
    {
        if (OperatingSystem.IsWindows()) return;
        await using var test = await TestDatastore.OpenAsync();
        await (await test.StoreAsync()).PutAsync("secret", "value");
        foreach (var file in Directory.GetFiles(test.Folder)) Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
    }
}
