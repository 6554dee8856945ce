"""Lists of grants are made by a job, which says how far it is."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('benefits', '0004_grants_and_ledger'),
    ]

    operations = [
        migrations.AddField(model_name='grantlist', name='total', field=models.IntegerField(null=True)),
        migrations.AddField(model_name='grantlist', name='done', field=models.IntegerField(default=0)),
        migrations.AddField(model_name='grantlist', name='after', field=models.UUIDField(null=True)),
        migrations.AddField(model_name='grantlist', name='error', field=models.TextField(blank=True, default=''), preserve_default=False),
        migrations.AlterField(model_name='grantlist', name='state', field=models.CharField(default='making', max_length=10)),
        migrations.RemoveConstraint(model_name='grantlist', name='benefits_list_state'),
        migrations.AddConstraint(
            model_name='grantlist',
            constraint=models.CheckConstraint(
                condition=models.Q(('state__in', ['making', 'failed', 'made', 'agreed', 'published', 'closed', 'withdrawn'])),
                name='benefits_list_state',
            ),
        ),
        migrations.RemoveConstraint(model_name='grantlist', name='benefits_list_agreed'),
        migrations.AddConstraint(
            model_name='grantlist',
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ('state__in', ['making', 'failed', 'made', 'withdrawn']),
                    models.Q(('agreed_at__isnull', False), ('agreed_by_id__isnull', False)),
                    _connector='OR',
                ),
                name='benefits_list_agreed',
            ),
        ),
    ]
