using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace CloudLab.ControlPlane.Persistence.Migrations.Sqlite
{
    /// <inheritdoc />
    public partial class InstanceAttributes : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "IX_instances_host",
                table: "instances");

            migrationBuilder.AddColumn<bool>(
                name: "disable_api_stop",
                table: "instances",
                type: "INTEGER",
                nullable: false,
                defaultValue: false);

            migrationBuilder.AddColumn<bool>(
                name: "disable_api_termination",
                table: "instances",
                type: "INTEGER",
                nullable: false,
                defaultValue: false);

            migrationBuilder.AddColumn<int>(
                name: "hard_generation",
                table: "instances",
                type: "INTEGER",
                nullable: false,
                defaultValue: 0);

            migrationBuilder.AddColumn<long>(
                name: "instance_check_changed_at",
                table: "instances",
                type: "INTEGER",
                nullable: true);

            migrationBuilder.AddColumn<bool>(
                name: "is_active",
                table: "instances",
                type: "INTEGER",
                nullable: false,
                defaultValue: true);

            migrationBuilder.AddColumn<bool>(
                name: "is_stop_forced",
                table: "instances",
                type: "INTEGER",
                nullable: false,
                defaultValue: false);

            migrationBuilder.AddColumn<string>(
                name: "scratch_disks",
                table: "instances",
                type: "TEXT",
                nullable: false,
                defaultValue: "[]");

            migrationBuilder.AddColumn<long>(
                name: "state_changed_at",
                table: "instances",
                type: "INTEGER",
                nullable: true);

            migrationBuilder.AddColumn<long>(
                name: "system_check_changed_at",
                table: "instances",
                type: "INTEGER",
                nullable: true);

            migrationBuilder.AddColumn<int>(
                name: "transition_count",
                table: "instances",
                type: "INTEGER",
                nullable: false,
                defaultValue: 0);

            migrationBuilder.CreateTable(
                name: "instance_transitions",
                columns: table => new
                {
                    instance_id = table.Column<string>(type: "TEXT", maxLength: 19, nullable: false),
                    sequence = table.Column<int>(type: "INTEGER", nullable: false),
                    at = table.Column<long>(type: "INTEGER", nullable: false),
                    from = table.Column<string>(type: "TEXT", maxLength: 32, nullable: false),
                    to = table.Column<string>(type: "TEXT", maxLength: 32, nullable: false),
                    reason_code = table.Column<string>(type: "TEXT", nullable: true),
                    reason_message = table.Column<string>(type: "TEXT", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_instance_transitions", x => new { x.instance_id, x.sequence });
                    table.ForeignKey(
                        name: "FK_instance_transitions_instances_instance_id",
                        column: x => x.instance_id,
                        principalTable: "instances",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "instance_user_data",
                columns: table => new
                {
                    instance_id = table.Column<string>(type: "TEXT", maxLength: 19, nullable: false),
                    content = table.Column<byte[]>(type: "BLOB", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("PK_instance_user_data", x => x.instance_id);
                    table.ForeignKey(
                        name: "FK_instance_user_data_instances_instance_id",
                        column: x => x.instance_id,
                        principalTable: "instances",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateIndex(
                name: "IX_instances_host",
                table: "instances",
                column: "host",
                filter: "is_active");

            migrationBuilder.CreateIndex(
                name: "IX_instances_terminated_at",
                table: "instances",
                column: "terminated_at",
                filter: "terminated_at is not null");

            migrationBuilder.CreateIndex(
                name: "ix_instances_active",
                table: "instances",
                columns: new[] { "account_id", "created_at", "id" },
                filter: "is_active");

            migrationBuilder.CreateIndex(
                name: "IX_instance_tags_key_value",
                table: "instance_tags",
                columns: new[] { "key", "value" });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "instance_transitions");

            migrationBuilder.DropTable(
                name: "instance_user_data");

            migrationBuilder.DropIndex(
                name: "IX_instances_host",
                table: "instances");

            migrationBuilder.DropIndex(
                name: "IX_instances_terminated_at",
                table: "instances");

            migrationBuilder.DropIndex(
                name: "ix_instances_active",
                table: "instances");

            migrationBuilder.DropIndex(
                name: "IX_instance_tags_key_value",
                table: "instance_tags");

            migrationBuilder.DropColumn(
                name: "disable_api_stop",
                table: "instances");

            migrationBuilder.DropColumn(
                name: "disable_api_termination",
                table: "instances");

            migrationBuilder.DropColumn(
                name: "hard_generation",
                table: "instances");

            migrationBuilder.DropColumn(
                name: "instance_check_changed_at",
                table: "instances");

            migrationBuilder.DropColumn(
                name: "is_active",
                table: "instances");

            migrationBuilder.DropColumn(
                name: "is_stop_forced",
                table: "instances");

            migrationBuilder.DropColumn(
                name: "scratch_disks",
                table: "instances");

            migrationBuilder.DropColumn(
                name: "state_changed_at",
                table: "instances");

            migrationBuilder.DropColumn(
                name: "system_check_changed_at",
                table: "instances");

            migrationBuilder.DropColumn(
                name: "transition_count",
                table: "instances");

            migrationBuilder.CreateIndex(
                name: "IX_instances_host",
                table: "instances",
                column: "host");
        }
    }
}
